import { Refused, Transient } from "../../domain/errors.ts";
import type { SubmitOutcome } from "../../ports/store/jobs.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Messages } from "../bus/messages.ts";
import type { SubmitRequest } from "../requests.ts";
import { claimAtSubmit, type ClaimAtSubmitDeps } from "./claim-at-submit.ts";
import type { DiskRoom } from "./disk-room.ts";
import { checkJob, type CheckDeps } from "./check-job.ts";
import { refuseMissingFile } from "../files/named-files.ts";
import type { JobSignals } from "./job-signals.ts";
import { toNewJob, type NewJobDeps } from "./new-job.ts";

/** `Retry-After` when the queue is full, in ms. */
const QUEUE_FULL_RETRY_AFTER_MS = 5_000;

export interface SubmitDeps extends CheckDeps, NewJobDeps, ClaimAtSubmitDeps {
  readonly catalog: CheckDeps["catalog"] & ClaimAtSubmitDeps["catalog"];
  readonly telemetry: Pick<Telemetry, "jobsSubmitted">;
  readonly signals: Pick<JobSignals, "announce">;
  readonly messages: Pick<Messages, "publish">;
  readonly diskRoom: DiskRoom;
}

/**
 * Accepts a job, once per idempotency key. The job is on disk when this resolves.
 * Throws `Refused`: PLUGIN_NOT_FOUND, PLUGIN_BROKEN, INPUT_INVALID, OPTIONS_INVALID,
 * METADATA_TOO_LARGE, IDEMPOTENCY_KEY_REUSED, QUEUE_FULL, DISK_FULL, FILE_NOT_FOUND.
 */
export async function submitJob(
  request: SubmitRequest,
  deps: SubmitDeps,
): Promise<{ jobId: string; replayed: boolean }> {
  checkJob(request, deps, "");
  const { id: jobId, replayed } = await submitOnce(deps, async (jobDeps) => {
    const job = toNewJob(request, jobDeps);
    const hasRoom = await deps.diskRoom.take(job.input.length);
    const outcome = await claimAtSubmit(job, hasRoom ? deps : { ...deps, maxQueued: 0 });
    if (!hasRoom) refuseUnlessKnown(outcome);
    if (outcome.kind === "no-file") throw refuseMissingFile(outcome.id, [{ request, at: "" }]);
    const isQueued = outcome.kind === "accepted" && outcome.claim === undefined;
    if (isQueued) deps.messages.publish({ kind: "jobs" });
    return { id: job.id, outcome };
  });
  if (!replayed) {
    deps.telemetry.jobsSubmitted(1);
    deps.signals.announce(jobId, { kind: "changed", status: "queued" });
  }
  return { jobId, replayed };
}

/** Without room nothing new is stored, but a repeated request is told what became of the first. */
export function refuseUnlessKnown({ kind }: SubmitOutcome): void {
  if (kind === "queue-full") throw new Refused("DISK_FULL");
}

/** A file that is missing is the caller's to refuse, who knows where it is named. */
type Outcome = Exclude<SubmitOutcome, { kind: "no-file" }>;

/**
 * Submits a request, and submits it again with the fingerprints that 0.1.0 stored if its key seems to
 * belong to another request. Throws `Refused` like `submitJob`.
 */
export async function submitOnce<Deps extends NewJobDeps & { readonly maxQueued: number }>(
  deps: Deps,
  submit: (deps: Deps) => Promise<{ id: string; outcome: Outcome }>,
): Promise<{ id: string; replayed: boolean }> {
  try {
    let { id, outcome } = await submit(deps);
    if (outcome.kind === "duplicate" && !outcome.sameRequest) {
      ({ id, outcome } = await submit({ ...deps, toFingerprintText: JSON.stringify }));
    }
    return toAccepted(id, outcome, deps.maxQueued);
  } catch (error) {
    const isFull = error instanceof Transient && error.code === "STORE_DISK_FULL";
    throw isFull ? new Refused("DISK_FULL") : error;
  }
}

/** Throws `Refused` unless the store accepted the request, now or earlier under the same key. */
function toAccepted(
  id: string,
  outcome: Outcome,
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
