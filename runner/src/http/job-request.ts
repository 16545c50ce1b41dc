/** Converts request bodies into the engine's requests and fills in the defaults. */
import { DEFAULT_RETRIES } from "../domain/retry.ts";
import { toRetryPolicy } from "../domain/step-retry.ts";
import type { JobRequest, WebhookTarget } from "../engine/requests.ts";
import type { BatchWebhookRequest, WebhookRequest } from "./contract/job-webhook.ts";
import type { JobRequest as JobBody } from "./contract/job.ts";
import type { UpdateScheduledJob } from "./contract/schedule.ts";

export function toJobRequest(
  body: Omit<JobBody, "runAt"> & Pick<Partial<JobBody>, "runAt">,
): JobRequest {
  const { webhook, runAt = null } = body;
  const tags = [...new Set(body.tags)].toSorted();
  return {
    plugins: body.plugins.map((plugin) =>
      typeof plugin === "string"
        ? { name: plugin, options: {} }
        : { name: plugin.name, options: plugin.options ?? {} },
    ),
    input: body.input ?? null,
    webhook: webhook === undefined ? null : toWebhookTarget(webhook),
    name: body.name ?? null,
    metadata: body.metadata ?? {},
    ...(tags.length > 0 && { tags }),
    priority: body.priority ?? 0,
    runAt: runAt === null ? null : Date.parse(runAt),
    timeoutMs: body.timeoutMs ?? null,
    ...(body.retry !== undefined && { retry: toRetryPolicy(body.retry) }),
  };
}

/** Only the fields that are given. Null stands for the default. */
export function toJobPatch(body: UpdateScheduledJob): Partial<JobRequest> {
  const { webhook, timeoutMs, retry, plugins = [], ...rest } = body;
  const whole = toJobRequest({
    ...rest,
    plugins,
    webhook: webhook ?? undefined,
    timeoutMs: timeoutMs ?? undefined,
    retry: retry ?? undefined,
  });
  const given = Object.keys(body) as (keyof UpdateScheduledJob)[];
  return Object.fromEntries(given.map((name) => [name, whole[name]]));
}

export function toWebhookTarget(webhook: WebhookRequest | BatchWebhookRequest): WebhookTarget {
  const on = "on" in webhook ? webhook.on : undefined;
  return {
    url: webhook.url,
    headers: webhook.headers ?? {},
    on: on === undefined ? null : [...new Set(on)],
    retries: webhook.retries ?? DEFAULT_RETRIES,
    secret: webhook.secret,
    timeoutMs: webhook.timeoutMs,
    ...(webhook.verifyTls === false && { verifyTls: webhook.verifyTls }),
  };
}
