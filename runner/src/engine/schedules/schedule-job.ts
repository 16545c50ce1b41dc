/** The request that a schedule's jobs are made from, as it is stored: without the webhook's secrets. */
import { parseExact } from "../../domain/exact-number.ts";
import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import { NOTHING_SEALED } from "../../domain/webhook.ts";
import type { StoredSchedule } from "../../ports/store/schedules.ts";
import type { JobRequest } from "../requests.ts";
import type { SealedContents } from "../webhooks/sealed-contents.ts";

export interface StoredScheduleJob {
  readonly job: JsonText;
  readonly sealed: string | null;
}

export function sealJob(
  job: JobRequest,
  scheduleId: string,
  { seal }: Pick<SealedContents, "seal">,
): StoredScheduleJob {
  const { webhook } = job;
  if (webhook === null) return { job: toJsonText(job), sealed: null };
  const { headers, secret = null, ...shown } = webhook;
  return {
    job: toJsonText({ ...job, webhook: { ...shown, headers: {} } }),
    sealed: seal({ ...NOTHING_SEALED, headers, secret }, scheduleId),
  };
}

export function openJob(
  schedule: Pick<StoredSchedule, "id" | "job" | "sealed">,
  { open }: Pick<SealedContents, "open">,
): JobRequest {
  const job = parseExact(schedule.job) as JobRequest;
  if (job.webhook === null) return job;
  const { headers, secret } = open(schedule.sealed, schedule.id);
  return { ...job, webhook: { ...job.webhook, headers, ...(secret !== null && { secret }) } };
}
