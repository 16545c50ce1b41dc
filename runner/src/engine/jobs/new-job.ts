import { toJsonText } from "../../domain/json-text.ts";
import { sortedJson } from "../../domain/sorted-json.ts";
import { debouncedRunAt, toDebounceKey, type Debounce } from "../../domain/debounce.ts";
import { toDedupeKey } from "../../domain/job-key.ts";
import { mergeLimits, toStepLimits } from "../../domain/plugin-limits.ts";
import type { TraceContext } from "../../domain/trace-context.ts";
import { knownRatePerSecond, NOTHING_SEALED, tlsPart } from "../../domain/webhook.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import type { Idempotency, NewJob } from "../../ports/store/jobs.ts";
import type { JobWebhook } from "../../ports/store/webhooks.ts";
import { namedFiles } from "../files/named-files.ts";
import type { SubmitRequest, WebhookTarget } from "../requests.ts";
import type { SealedContents } from "../webhooks/sealed-contents.ts";

export interface NewJobDeps {
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "newId">;
  /** A digest of a text. Different texts have different digests. */
  readonly digest: (text: string) => string;
  readonly catalog: Pick<PluginCatalog, "known">;
  /** The text of a request whose digest is its fingerprint. Default: JSON with sorted keys. */
  readonly toFingerprintText?: (request: unknown) => string;
  readonly sealedContents: Pick<SealedContents, "seal">;
}

/** What the job goes on with, by its id. */
type TraceOf = (id: string) => TraceContext | null;

/** What is stored of a request. Throws `Refused`: INPUT_INVALID. */
export function toNewJob(
  request: SubmitRequest,
  deps: NewJobDeps,
  traceOf: TraceOf = () => null,
): NewJob {
  const now = deps.clock.now();
  const { idempotencyKey, trace: _, ...job } = request;
  const id = deps.ids.newId("job");
  const trace = traceOf(id);
  const input = toJsonText(request.input);
  const plugins = request.plugins.map(({ name, options }) => ({
    name,
    options: toJsonText(options),
  }));
  const files = namedFiles(request, [input, ...plugins.map(({ options }) => options)]);
  return {
    id,
    name: request.name,
    metadata: toJsonText(request.metadata),
    plugins,
    input,
    priority: request.priority,
    runAt:
      request.debounce === undefined ? (request.runAt ?? now) : firstRunAt(request.debounce, now),
    timeoutMs: request.timeoutMs,
    ...(request.retry !== undefined && { retry: request.retry }),
    createdAt: now,
    webhook: request.webhook && toJobWebhook(request.webhook, deps),
    idempotency: toIdempotency(idempotencyKey, job, deps),
    ...(trace !== null && { trace }),
    ...(files.length > 0 && { files }),
    ...(request.tags !== undefined && { tags: request.tags }),
    ...toLimits(request, deps),
    ...toKey(request, { ...deps, now }),
  };
}

/** Jobs of other plugins with the same key are not meant: a caller would get a job that does something else. */
function toKey(
  { plugins, dedupe, debounce }: SubmitRequest,
  { digest, now }: Pick<NewJobDeps, "digest"> & { readonly now: number },
): Pick<NewJob, "key"> {
  const key =
    (debounce && toDebounceKey(debounce, now)) ?? (dedupe && toDedupeKey(dedupe, now)) ?? null;
  if (key === null) return {};
  const names = plugins.map(({ name }) => name);
  // Requests that are merged in different ways have different windows.
  const { mode = null, collect = null } = key.window ?? {};
  const identity = digest(JSON.stringify([key.kind, names, key.key, mode, collect]));
  return { key: { ...key, identity } };
}

function firstRunAt(debounce: Debounce, now: number): number {
  return debouncedRunAt(debounce, { now, until: now + debounce.maxMs });
}

/** The keys of the job's limits are read here, and never again. Nothing is known of plugins of other daemons. */
function toLimits(
  { plugins, input }: SubmitRequest,
  { catalog, digest }: Pick<NewJobDeps, "catalog" | "digest">,
): Pick<NewJob, "limits" | "declaredLimits"> {
  const ofSteps = plugins.map(({ name }) => catalog.known(name)?.limits ?? null);
  const limits = toStepLimits(ofSteps, { input, digest });
  if (limits === null) return {};
  return { limits, declaredLimits: mergeLimits(ofSteps.filter((limit) => limit !== null)) };
}

export function toIdempotency(
  key: string | null,
  request: unknown,
  { digest, toFingerprintText = sortedJson }: Pick<NewJobDeps, "digest" | "toFingerprintText">,
): Idempotency | null {
  return key === null ? null : { key, fingerprint: digest(toFingerprintText(request)) };
}

export function toJobWebhook(
  webhook: WebhookTarget,
  { ids, sealedContents }: Pick<NewJobDeps, "ids" | "sealedContents">,
): JobWebhook {
  const { headers, url, secret = null, timeoutMs = null, verifyTls, ...rest } = webhook;
  const id = ids.newId("wh");
  return {
    ...rest,
    id,
    url,
    timeoutMs,
    sealed: sealedContents.seal(
      { ...NOTHING_SEALED, headers, secret, ...tlsPart({ verifyTls }) },
      id,
    ),
    destination: { key: new URL(url).origin, ratePerSecond: knownRatePerSecond(url) },
  };
}
