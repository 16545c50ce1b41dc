import type { JobWrites } from "../ports/store.ts";
import type { BatchRequest } from "./engine.ts";
import {
  checkJob,
  checkUrl,
  toAccepted,
  toIdempotency,
  toJobWebhook,
  toNewJob,
  type SubmitDeps,
} from "./submit-job.ts";

/**
 * Accepts many jobs, all or none, once per idempotency key; on disk when it resolves. Throws
 * `Refused` as for one job, with the path of the job that is wrong.
 */
export async function submitBatch(
  request: BatchRequest,
  deps: Omit<SubmitDeps, "store"> & { readonly store: Pick<JobWrites, "submitBatch"> },
): Promise<{ batchId: string; replayed: boolean }> {
  for (const [index, job] of request.jobs.entries()) checkJob(job, deps, `/jobs/${index}`);
  if (request.webhook !== null) checkUrl(request.webhook.url, deps.urlRefusal, "/webhook/url");
  const { idempotencyKey, ...rest } = request;
  const id = deps.ids.newId("batch");
  const outcome = await deps.store.submitBatch(
    {
      id,
      jobs: request.jobs.map((job) => toNewJob(job, deps)),
      webhook: toJobWebhook(request.webhook, deps),
      idempotency: toIdempotency(idempotencyKey, rest, deps),
      createdAt: deps.clock.now(),
    },
    { maxQueued: deps.maxQueued },
  );
  const { id: batchId, replayed } = toAccepted(id, outcome, deps.maxQueued);
  return { batchId, replayed };
}
