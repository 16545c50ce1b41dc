import { Refused } from "../../domain/errors.ts";
import type { SubmitOutcome } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { SubmitRequest } from "../requests.ts";
import { checkJob, type CheckDeps } from "./check-job.ts";
import { toNewJob, type NewJobDeps } from "./new-job.ts";

/** `Retry-After` when the queue is full, in ms. */
const QUEUE_FULL_RETRY_AFTER_MS = 5_000;

export interface SubmitDeps extends CheckDeps, NewJobDeps {
  readonly store: Pick<Store, "submitJob">;
  readonly maxQueued: number;
}

/**
 * Accepts a job, once per idempotency key. The job is on disk when this resolves.
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

/** Throws `Refused` unless the store accepted the request, now or earlier under the same key. */
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
        `The Idempotency-Key belongs to ${outcome.id}, whose request had a different body. Use a new key for a new request.`,
      );
    case "queue-full":
      throw new Refused(
        "QUEUE_FULL",
        `${outcome.queued} jobs are queued and the limit is ${maxQueued}. Try again later.`,
        { retryAfterMs: QUEUE_FULL_RETRY_AFTER_MS },
      );
  }
}
