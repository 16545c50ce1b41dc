import { Refused, summarize, type Issue } from "../../domain/errors.ts";
import { didYouMean } from "../../domain/nearest.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { JobRequest } from "../requests.ts";
import type { Beats } from "../upkeep/beat-loop.ts";
import { whyUnavailable } from "./unavailable-plugin.ts";
import { checkUrl } from "../webhooks/check-url.ts";

/** `Retry-After` when a plugin is broken, in ms. Broken plugins are read again at least this often at first. */
const BROKEN_RETRY_AFTER_MS = 5_000;

export interface CheckDeps {
  readonly catalog: Pick<
    PluginCatalog,
    "get" | "known" | "readyNames" | "checkInput" | "checkOptions"
  >;
  readonly beats: Pick<Beats, "elsewhere">;
  /** Why the daemon is not allowed to connect to the URL, or null. */
  readonly urlRefusal: (url: string) => string | null;
  /** The largest metadata of a job, in bytes of JSON. */
  readonly maxMetadataBytes: number;
}

/** Throws `Refused` for a request that cannot succeed. `at` is the path of the job in the body. */
export function checkJob(
  request: JobRequest,
  { catalog, beats, urlRefusal, maxMetadataBytes }: CheckDeps,
  at: string,
): void {
  checkMetadata(request.metadata, maxMetadataBytes, `${at}/metadata`);
  checkPlugins(request, { catalog, elsewhere: beats.elsewhere() }, at);
  if (request.webhook !== null) checkUrl(request.webhook.url, urlRefusal, `${at}/webhook/url`);
}

function checkMetadata(metadata: JobRequest["metadata"], maxBytes: number, path: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes <= maxBytes) return;
  const message = `is ${bytes} bytes as JSON: it must be at most ${maxBytes}`;
  throw new Refused("METADATA_TOO_LARGE", `The metadata ${message}.`, {
    issues: [{ path, message }],
  });
}

interface KnownPlugins {
  readonly catalog: CheckDeps["catalog"];
  /** The plugins of the other daemons. Their schemas are not known here: they check the input. */
  readonly elsewhere: readonly string[];
}

function checkPlugins(request: JobRequest, known: KnownPlugins, at: string): void {
  const { catalog } = known;
  for (const [index, { name, options }] of request.plugins.entries()) {
    const path = `${at}/plugins/${index}`;
    refuseUnknown(name, known, path);
    refuseIf("OPTIONS_INVALID", `The options of plugin "${name}" do not fit its schema`, {
      issues: catalog.checkOptions(name, options),
      under: `${path}/options`,
    });
  }
  const first = request.plugins[0];
  if (first === undefined) return;
  refuseIf("INPUT_INVALID", `The input does not fit the schema of plugin "${first.name}"`, {
    issues: catalog.checkInput(first.name, request.input).map((issue) => ({
      ...issue,
      // A missing input is null at this point.
      message: issue.message.replace(/^is null:/, "is null or missing:"),
    })),
    under: `${at}/input`,
  });
}

/** A job of a plugin whose schemas are known is accepted, and waits until the plugin can be loaded. */
function refuseUnknown(name: string, { catalog, elsewhere }: KnownPlugins, path: string): void {
  const unavailable = whyUnavailable(catalog, name);
  if (unavailable === null || catalog.known(name) !== null || elsewhere.includes(name)) return;
  if (unavailable.code === "PLUGIN_NOT_FOUND") {
    const hint = didYouMean(name, catalog.readyNames());
    const message = `${unavailable.message}${hint} GET /v1/plugins lists the plugins.`;
    throw new Refused("PLUGIN_NOT_FOUND", message, { issues: [{ path, message }] });
  }
  const { message } = unavailable;
  const retryAfterMs = BROKEN_RETRY_AFTER_MS;
  throw new Refused("PLUGIN_BROKEN", message, { issues: [{ path, message }], retryAfterMs });
}

function refuseIf(
  code: "INPUT_INVALID" | "OPTIONS_INVALID",
  what: string,
  found: { issues: readonly Issue[]; under: string },
): void {
  if (found.issues.length === 0) return;
  const issues = found.issues.map((issue) => ({ ...issue, path: found.under + issue.path }));
  throw new Refused(code, `${what}: ${summarize(issues, found.under)}.`, { issues });
}
