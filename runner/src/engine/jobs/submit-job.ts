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
  const { id: jobId, replayed } = await submitOnce(deps, async (jobDeps) => {
    const job = toNewJob(request, jobDeps);
    const outcome = await deps.store.submitJob(job, { maxQueued: deps.maxQueued });
    return { id: job.id, outcome };
  });
  return { jobId, replayed };
}

/**
 * Submits a request, and submits it again with the fingerprints that 0.1.0 stored if its key seems to
 * belong to another request. Throws `Refused` like `submitJob`.
 */
export async function submitOnce<Deps extends NewJobDeps & { readonly maxQueued: number }>(
  deps: Deps,
  submit: (deps: Deps) => Promise<{ id: string; outcome: SubmitOutcome }>,
): Promise<{ id: string; replayed: boolean }> {
  let { id, outcome } = await submit(deps);
  if (outcome.kind === "duplicate" && !outcome.sameRequest) {
    ({ id, outcome } = await submit({ ...deps, toFingerprintText: JSON.stringify }));
  }
  return toAccepted(id, outcome, deps.maxQueued);
}

/** Throws `Refused` unless the store accepted the request, now or earlier under the same key. */
function toAccepted(
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
