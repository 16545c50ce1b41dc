import { Refused, summarize, type Issue } from "../../domain/errors.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { JobRequest } from "../requests.ts";
import { checkUrl } from "../webhooks/check-url.ts";

export interface CheckDeps {
  readonly catalog: Pick<PluginCatalog, "get" | "checkInput" | "checkOptions">;
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
    const plugin = catalog.get(name);
    const path = `${at}/plugins/${index}`;
    if (plugin === null) {
      const message = `There is no plugin "${name}". GET /v1/plugins lists the plugins.`;
      throw new Refused("PLUGIN_NOT_FOUND", message, { issues: [{ path, message }] });
    }
    if (plugin.status === "broken") {
      const message = `Plugin "${name}" could not be loaded: ${plugin.error}`;
      throw new Refused("PLUGIN_BROKEN", message, { issues: [{ path, message }] });
    }
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

function refuseIf(
  code: "INPUT_INVALID" | "OPTIONS_INVALID",
  what: string,
  found: { issues: readonly Issue[]; under: string },
): void {
  if (found.issues.length === 0) return;
  const issues = found.issues.map((issue) => ({ ...issue, path: found.under + issue.path }));
  throw new Refused(code, `${what}: ${summarize(issues, found.under)}.`, { issues });
}
