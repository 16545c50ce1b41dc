import { checkUrl } from "../webhooks/check-url.ts";
import { Refused, summarize, type Issue } from "../../domain/errors.ts";
import { toJsonText } from "../../domain/json-text.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import { knownRatePerSecond, NOTHING_SEALED } from "../../domain/webhook.ts";
import type { Idempotency, NewJob, SubmitOutcome } from "../../ports/store/jobs.ts";
import type { JobWebhook } from "../../ports/store/webhooks.ts";
import type { Store } from "../../ports/store/store.ts";
import type { JobRequest, SubmitRequest, WebhookTarget } from "../requests.ts";
import type { SealedContents } from "../webhooks/sealed-contents.ts";

/** How long a client is asked to wait when the queue is full, in ms. */
const QUEUE_FULL_RETRY_AFTER_MS = 5_000;

export interface SubmitDeps {
  readonly store: Pick<Store, "submitJob">;
  readonly sealedContents: Pick<SealedContents, "seal">;
  /** Why the daemon may not connect to the URL, or null. */
  readonly urlRefusal: (url: string) => string | null;
  readonly catalog: Pick<PluginCatalog, "get" | "checkInput" | "checkOptions">;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "newId">;
  /** A digest of a text, equal for equal texts alone. */
  readonly digest: (text: string) => string;
  readonly maxQueued: number;
  /** Bytes of a job's metadata as JSON. */
  readonly maxMetadataBytes: number;
}

/**
 * Accepts a job, once per idempotency key; on disk when it resolves.
 * Throws `Refused`: PLUGIN_NOT_FOUND, PLUGIN_BROKEN, INPUT_INVALID, OPTIONS_INVALID,
 * METADATA_TOO_LARGE, IDEMPOTENCY_KEY_REUSED, QUEUE_FULL.
 */
export async function submitJob(
  request: SubmitRequest,
  deps: SubmitDeps,
): Promise<{ jobId: string; replayed: boolean }> {
  checkJob(request, deps, "");
  const job = toNewJob(request, deps);
  const outcome = await deps.store.submitJob(job, { maxQueued: deps.maxQueued });
  const { id: jobId, replayed } = toAccepted(job.id, outcome, deps.maxQueued);
  return { jobId, replayed };
}

/** Throws `Refused` unless the store accepted it, now or before under the same key. */
export function toAccepted(
  id: string,
  outcome: SubmitOutcome,
  maxQueued: number,
): { id: string; replayed: boolean } {
  switch (outcome.kind) {
    case "accepted":
      return { id, replayed: false };
    case "duplicate":
      if (outcome.sameRequest) return { id: outcome.id, replayed: true };
      throw new Refused(
        "IDEMPOTENCY_KEY_REUSED",
        `The Idempotency-Key belongs to ${outcome.id}, which was requested with another body. Use a new key for a new request.`,
      );
    case "queue-full":
      throw new Refused(
        "QUEUE_FULL",
        `${outcome.queued} jobs are queued and the limit is ${maxQueued}. Try again later.`,
        { retryAfterMs: QUEUE_FULL_RETRY_AFTER_MS },
      );
  }
}

export type CheckDeps = Pick<SubmitDeps, "catalog" | "urlRefusal" | "maxMetadataBytes">;

/** Throws `Refused` for what can be known to be wrong already; `at` is where the job is in the body. */
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

function checkPlugins(request: JobRequest, catalog: SubmitDeps["catalog"], at: string): void {
  for (const [index, { name, options }] of request.plugins.entries()) {
    const plugin = catalog.get(name);
    const path = `${at}/plugins/${index}`;
    if (plugin === null) {
      const message = `There is no plugin "${name}". GET /v1/plugins lists those there are.`;
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
      // One that was left out is null by now.
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

export function toNewJob(request: SubmitRequest, deps: NewJobDeps): NewJob {
  const now = deps.clock.now();
  const { idempotencyKey, ...job } = request;
  return {
    id: deps.ids.newId("job"),
    name: request.name,
    metadata: toJsonText(request.metadata),
    plugins: request.plugins.map(({ name, options }) => ({ name, options: toJsonText(options) })),
    input: toJsonText(request.input),
    priority: request.priority,
    runAt: request.runAt ?? now,
    timeoutMs: request.timeoutMs,
    createdAt: now,
    webhook: request.webhook && toJobWebhook(request.webhook, deps),
    idempotency: toIdempotency(idempotencyKey, job, deps),
  };
}

export type NewJobDeps = Pick<SubmitDeps, "clock" | "ids" | "digest" | "sealedContents">;

export function toIdempotency(
  key: string | null,
  request: unknown,
  { digest }: Pick<SubmitDeps, "digest">,
): Idempotency | null {
  return key === null ? null : { key, fingerprint: digest(JSON.stringify(request)) };
}

export function toJobWebhook(
  webhook: WebhookTarget,
  { ids, sealedContents }: Pick<NewJobDeps, "ids" | "sealedContents">,
): JobWebhook {
  const { headers, url, ...rest } = webhook;
  return {
    ...rest,
    id: ids.newId("wh"),
    url,
    sealed: sealedContents.seal({ ...NOTHING_SEALED, headers }),
    destination: { key: new URL(url).origin, ratePerSecond: knownRatePerSecond(url) },
  };
}
