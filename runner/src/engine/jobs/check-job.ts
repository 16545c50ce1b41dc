import { Refused, summarize, type Issue } from "../../domain/errors.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { JobRequest } from "../requests.ts";
import { whyUnavailable } from "./unavailable-plugin.ts";
import { checkUrl } from "../webhooks/check-url.ts";

/** `Retry-After` when a plugin is broken, in ms. Broken plugins are read again at least this often at first. */
const BROKEN_RETRY_AFTER_MS = 5_000;

export interface CheckDeps {
  readonly catalog: Pick<PluginCatalog, "get" | "known" | "checkInput" | "checkOptions">;
  /** Why the daemon is not allowed to connect to the URL, or null. */
  readonly urlRefusal: (url: string) => string | null;
  /** The largest metadata of a job, in bytes of JSON. */
  readonly maxMetadataBytes: number;
}

/** Throws `Refused` for a request that cannot succeed. `at` is the path of the job in the body. */
export function checkJob(
  request: JobRequest,
  { catalog, urlRefusal, maxMetadataBytes }: CheckDeps,
  at: string,
): void {
  checkMetadata(request.metadata, maxMetadataBytes, `${at}/metadata`);
  checkPlugins(request, catalog, at);
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

function checkPlugins(request: JobRequest, catalog: CheckDeps["catalog"], at: string): void {
  for (const [index, { name, options }] of request.plugins.entries()) {
    const path = `${at}/plugins/${index}`;
    refuseUnknown(name, catalog, path);
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
function refuseUnknown(name: string, catalog: CheckDeps["catalog"], path: string): void {
  const unavailable = whyUnavailable(catalog, name);
  if (unavailable === null || catalog.known(name) !== null) return;
  if (unavailable.code === "PLUGIN_NOT_FOUND") {
    const message = `${unavailable.message} GET /v1/plugins lists the plugins.`;
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
