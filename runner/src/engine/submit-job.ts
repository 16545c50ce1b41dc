import { Refused, type Issue } from "../domain/errors.ts";
import { toJsonText } from "../domain/json-text.ts";
import type { Clock } from "../ports/clock.ts";
import type { Ids } from "../ports/ids.ts";
import type { PluginCatalog } from "../ports/plugin-catalog.ts";
import type { JobWrites, NewJob } from "../ports/store.ts";
import type { SubmitRequest } from "./engine.ts";

/** How long a client is asked to wait when the queue is full, in ms. */
const QUEUE_FULL_RETRY_AFTER_MS = 5_000;

export interface SubmitDeps {
  readonly store: Pick<JobWrites, "submitJob">;
  readonly catalog: Pick<PluginCatalog, "get" | "checkInput" | "checkOptions">;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "newId">;
  /** A digest of a text, equal for equal texts alone. */
  readonly digest: (text: string) => string;
  readonly maxQueued: number;
}

/**
 * Accepts a job, once per idempotency key; on disk when it resolves.
 * Throws `Refused`: PLUGIN_NOT_FOUND, PLUGIN_BROKEN, INPUT_INVALID, OPTIONS_INVALID,
 * IDEMPOTENCY_KEY_REUSED, QUEUE_FULL.
 */
export async function submitJob(
  request: SubmitRequest,
  deps: SubmitDeps,
): Promise<{ jobId: string; replayed: boolean }> {
  checkPlugins(request, deps.catalog);
  const job = toNewJob(request, deps);
  const outcome = await deps.store.submitJob(job, { maxQueued: deps.maxQueued });
  switch (outcome.kind) {
    case "accepted":
      return { jobId: job.id, replayed: false };
    case "duplicate":
      if (outcome.sameRequest) return { jobId: outcome.jobId, replayed: true };
      throw new Refused(
        "IDEMPOTENCY_KEY_REUSED",
        `The Idempotency-Key belongs to job ${outcome.jobId}, which was requested with another body. Use a new key for a new request.`,
      );
    case "queue-full":
      throw new Refused(
        "QUEUE_FULL",
        `${outcome.queued} jobs are queued and the limit is ${deps.maxQueued}. Try again later.`,
        { retryAfterMs: QUEUE_FULL_RETRY_AFTER_MS },
      );
  }
}

function checkPlugins(request: SubmitRequest, catalog: SubmitDeps["catalog"]): void {
  for (const [index, { name, options }] of request.plugins.entries()) {
    const plugin = catalog.get(name);
    const path = `/plugins/${index}`;
    if (plugin === null) {
      const message = `There is no plugin "${name}". GET /v1/plugins lists those there are.`;
      throw new Refused("PLUGIN_NOT_FOUND", message, { issues: [{ path, message }] });
    }
    if (plugin.status === "broken") {
      const message = `Plugin "${name}" could not be loaded: ${plugin.error}`;
      throw new Refused("PLUGIN_BROKEN", message, { issues: [{ path, message }] });
    }
    refuseIf("OPTIONS_INVALID", `The options of plugin "${name}" do not fit its schema.`, {
      issues: catalog.checkOptions(name, options),
      under: `${path}/options`,
    });
  }
  const first = request.plugins[0];
  if (first === undefined) return;
  refuseIf("INPUT_INVALID", `The input does not fit the schema of plugin "${first.name}".`, {
    issues: catalog.checkInput(first.name, request.input),
    under: "/input",
  });
}

function refuseIf(
  code: "INPUT_INVALID" | "OPTIONS_INVALID",
  detail: string,
  found: { issues: readonly Issue[]; under: string },
): void {
  if (found.issues.length === 0) return;
  const issues = found.issues.map((issue) => ({ ...issue, path: found.under + issue.path }));
  throw new Refused(code, detail, { issues });
}

function toNewJob(request: SubmitRequest, { clock, ids, digest }: SubmitDeps): NewJob {
  const now = clock.now();
  const { idempotencyKey, webhook } = request;
  return {
    id: ids.newId("job"),
    name: request.name,
    metadata: toJsonText(request.metadata),
    plugins: request.plugins.map(({ name, options }) => ({ name, options: toJsonText(options) })),
    input: toJsonText(request.input),
    priority: request.priority,
    runAt: request.runAt ?? now,
    timeoutMs: request.timeoutMs,
    createdAt: now,
    webhook: webhook === null ? null : { id: ids.newId("wh"), ...webhook },
    idempotency:
      idempotencyKey === null
        ? null
        : { key: idempotencyKey, fingerprint: digest(JSON.stringify(request)) },
  };
}
