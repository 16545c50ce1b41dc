import { Refused } from "../../domain/errors.ts";
import type { NewJob } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { BatchRequest, SubmitRequest } from "../requests.ts";
import type { BatchAcceptance } from "../tracing/job-traces.ts";
import { refuseUnlessKnown, submitOnce, type SubmitDeps } from "../jobs/submit-job.ts";
import { refuseMissingFile } from "../files/named-files.ts";
import { toIdempotency, toJobWebhook, toNewJob } from "../jobs/new-job.ts";
import { checkJob, type CheckDeps } from "../jobs/check-job.ts";
import { checkUrl } from "../webhooks/check-url.ts";

type BatchDeps = Omit<SubmitDeps, "store"> & {
  readonly store: Pick<Store, "submitBatch">;
  readonly maxBatchJobs: number;
};

/**
 * Stores all jobs or none, once per idempotency key. They are on disk when it resolves. Throws
 * `Refused`: BATCH_TOO_LARGE, or what `submitJob` throws, with the issues of all invalid jobs.
 */
export async function submitBatch(
  request: BatchRequest,
  deps: BatchDeps,
): Promise<{ batchId: string; replayed: boolean }> {
  checkBatchSize(request.jobs.length, deps.maxBatchJobs);
  checkJobs(request.jobs, deps);
  if (request.webhook !== null) checkUrl(request.webhook.url, deps.urlRefusal, "/webhook/url");
  const accepting = deps.traces.acceptBatch(request.trace ?? null, request.jobs.length);
  try {
    const { jobs, ...submitted } = await submitChecked(request, deps, accepting);
    accepting.end({ ...submitted, jobs });
    return submitted;
  } catch (error) {
    accepting.end({ error });
    throw error;
  }
}

async function submitChecked(
  request: BatchRequest,
  deps: BatchDeps,
  traces: BatchAcceptance,
): Promise<{ batchId: string; replayed: boolean; jobs: readonly string[] }> {
  const { idempotencyKey, trace: _, ...rest } = request;
  const identity = { ...rest, jobs: rest.jobs.map(withoutTrace) };
  let stored: readonly NewJob[] = [];
  let newJobs: readonly NewJob[] = [];
  const { id: batchId, replayed } = await submitOnce(deps, async (jobDeps) => {
    const batch = {
      id: deps.ids.newId("batch"),
      jobs: request.jobs.map((job) => {
        const { trace: given = null, plugins } = job;
        const plugin = plugins[0]?.name ?? "";
        return toNewJob(job, jobDeps, (id) => traces.traceOf({ id, plugin, given }));
      }),
      webhook: request.webhook && toJobWebhook(request.webhook, jobDeps),
      idempotency: toIdempotency(idempotencyKey, identity, jobDeps),
      createdAt: deps.clock.now(),
    };
    stored = batch.jobs;
    // A job with a key can be an earlier one.
    newJobs = batch.jobs.filter(({ idempotency }) => idempotency === null);
    const size = batch.jobs.reduce((sum, { input }) => sum + input.length, 0);
    const hasRoom = await deps.diskRoom.take(size);
    const maxQueued = hasRoom ? deps.maxQueued : 0;
    const outcome = await deps.store.submitBatch(batch, { maxQueued });
    if (!hasRoom) refuseUnlessKnown(outcome);
    if (outcome.kind === "no-file") {
      const named = request.jobs.map((job, index) => ({ request: job, at: `/jobs/${index}` }));
      throw refuseMissingFile(outcome.id, named);
    }
    return { id: batch.id, outcome };
  });
  if (!replayed) {
    deps.telemetry.jobsSubmitted(request.jobs.length);
    for (const { id } of newJobs) {
      deps.signals.announce(id, { kind: "changed", status: "queued" });
    }
  }
  deps.messages.publish({ kind: "jobs" });
  // A batch can consist of earlier jobs, by their idempotency keys. Then it may have ended already.
  deps.messages.publish({ kind: "batches" });
  return { batchId, replayed, jobs: replayed ? [] : stored.map(({ id }) => id) };
}

/** A repeated request has another trace. */
function withoutTrace(job: SubmitRequest): SubmitRequest {
  if (job.trace === undefined) return job;
  const { trace: _, ...rest } = job;
  return rest;
}

/** Throws `Refused`: BATCH_TOO_LARGE. */
export function checkBatchSize(size: number, maxBatchJobs: number): void {
  if (size <= maxBatchJobs) return;
  const message = `has ${size} jobs: it must have at most ${maxBatchJobs}`;
  throw new Refused("BATCH_TOO_LARGE", `The batch ${message}.`, {
    issues: [{ path: "/jobs", message }],
  });
}

/** Throws one `Refused` with the code of the first invalid job and the issues of all invalid jobs. */
function checkJobs(jobs: BatchRequest["jobs"], deps: CheckDeps): void {
  const refusals = jobs.flatMap((job, index) => {
    try {
      checkJob(job, deps, `/jobs/${index}`);
      return [];
    } catch (error) {
      if (error instanceof Refused) return [error];
      throw error;
    }
  });
  const [first] = refusals;
  if (first === undefined) return;
  const count = `${refusals.length} of ${jobs.length} jobs ${refusals.length === 1 ? "is" : "are"}`;
  const issues = refusals.flatMap((refusal) => refusal.issues);
  throw new Refused(first.code, `${count} invalid, so the batch is refused: ${first.message}`, {
    issues,
  });
}
