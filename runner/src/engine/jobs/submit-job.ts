import type { TraceContext } from "../../domain/trace-context.ts";
import { Refused, Transient } from "../../domain/errors.ts";
import type { NewJob, SubmitOutcome } from "../../ports/store/jobs.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Messages } from "../bus/messages.ts";
import type { SubmitRequest } from "../requests.ts";
import { claimAtSubmit, type ClaimAtSubmitDeps } from "./claim-at-submit.ts";
import type { DiskRoom } from "./disk-room.ts";
import { checkJob, type CheckDeps } from "./check-job.ts";
import { refuseMissingFile } from "../files/named-files.ts";
import { refuseLimitFull } from "../limits/limit-full.ts";
import { checkCollect, mergeRequest, type MergeDeps } from "./merge-request.ts";
import type { MergeTurns } from "./merge-turns.ts";
import type { JobSignals } from "./job-signals.ts";
import type { JobTraces } from "../tracing/job-traces.ts";
import { toNewJob, type NewJobDeps } from "./new-job.ts";

/** `Retry-After` when the queue is full, in ms. */
const QUEUE_FULL_RETRY_AFTER_MS = 5_000;

export interface SubmitDeps extends CheckDeps, MergeDeps, ClaimAtSubmitDeps {
  readonly store: ClaimAtSubmitDeps["store"] & MergeDeps["store"];
  readonly catalog: CheckDeps["catalog"] & ClaimAtSubmitDeps["catalog"];
  readonly telemetry: Pick<Telemetry, "jobsSubmitted">;
  readonly signals: Pick<JobSignals, "announce">;
  readonly messages: Pick<Messages, "publish">;
  readonly diskRoom: DiskRoom;
  readonly mergeTurns: MergeTurns;
  readonly traces: Pick<JobTraces, "accept" | "acceptBatch">;
}

export interface Submitted {
  readonly jobId: string;
  /** The request was sent before, with the same idempotency key. */
  readonly replayed: boolean;
  /** The request got a job that was there already, by its key. */
  readonly joined: boolean;
}

/**
 * Accepts a job, once per idempotency key. The job is on disk when this resolves. If another job has its
 * key, the request gets that one or, with `debounce`, is merged into it.
 * Throws `Refused`: BODY_INVALID, PLUGIN_NOT_FOUND, PLUGIN_BROKEN, INPUT_INVALID, OPTIONS_INVALID,
 * METADATA_TOO_LARGE, IDEMPOTENCY_KEY_REUSED, QUEUE_FULL, LIMIT_QUEUE_FULL, DISK_FULL,
 * FILE_NOT_FOUND.
 */
export async function submitJob(request: SubmitRequest, deps: SubmitDeps): Promise<Submitted> {
  checkJob(request, deps, "");
  checkCollect(request);
  const { trace: given = null, plugins, runAt } = request;
  const accepting = deps.traces.accept(given, { plugin: plugins[0]?.name ?? "", dueAt: runAt });
  try {
    const submitted = await submitChecked(request, deps, accepting.trace);
    accepting.end(submitted);
    return submitted;
  } catch (error) {
    accepting.end({ error });
    throw error;
  }
}

async function submitChecked(
  request: SubmitRequest,
  deps: SubmitDeps,
  trace: TraceContext | null,
): Promise<Submitted> {
  const {
    id: jobId,
    replayed,
    joined,
  } = await submitOnce(deps, async (jobDeps) => {
    const job = toNewJob(request, jobDeps, () => trace);
    const hasRoom = await deps.diskRoom.take(job.input.length);
    const room = hasRoom ? deps : { ...deps, maxQueued: 0 };
    const outcome = await submitOrMerge(request, job, {
      ...room,
      merge: hasRoom ? jobDeps : null,
    });
    if (!hasRoom) refuseUnlessKnown(outcome);
    if (outcome.kind === "no-file") throw refuseMissingFile(outcome.id, [{ request, at: "" }]);
    const isMerged = outcome.kind === "held" && job.key?.kind === "debounce";
    const isQueued = isMerged || (outcome.kind === "accepted" && outcome.claim === undefined);
    if (isQueued) deps.messages.publish({ kind: "jobs" });
    return { id: job.id, outcome };
  });
  if (!replayed && !joined) deps.telemetry.jobsSubmitted(1);
  if (!replayed && (!joined || request.debounce !== undefined)) {
    deps.signals.announce(jobId, { kind: "changed", status: "queued" });
  }
  return { jobId, replayed, joined };
}

/**
 * A job that waits for more requests can change or begin at any time: then the request is submitted again.
 * `merge` is null if the disk has no room.
 */
async function submitOrMerge(
  request: SubmitRequest,
  job: NewJob,
  deps: ClaimAtSubmitDeps & {
    readonly merge: MergeDeps | null;
    readonly mergeTurns: MergeTurns;
  },
): Promise<SubmitOutcome> {
  let { key } = job;
  for (;;) {
    const outcome = await claimAtSubmit(key === undefined ? job : { ...job, key }, deps);
    if (outcome.kind !== "held" || key?.kind !== "debounce") return outcome;
    const { merge, mergeTurns } = deps;
    if (merge === null) throw new Refused("DISK_FULL");
    const merged = await mergeTurns.take(key.identity, () =>
      mergeRequest(request, { jobId: outcome.id, job }, merge),
    );
    if (merged === "new-window") key = { ...key, notOf: outcome.id };
    else if (merged !== "again") return merged;
  }
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
): Promise<Accepted> {
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

type Accepted = { readonly id: string } & Pick<Submitted, "replayed" | "joined">;

/** Throws `Refused` unless the store accepted the request, now or earlier under the same key. */
function toAccepted(id: string, outcome: Outcome, maxQueued: number): Accepted {
  switch (outcome.kind) {
    case "accepted":
      return { id, replayed: false, joined: false };
    case "held":
      return { id: outcome.id, replayed: false, joined: true };
    case "duplicate":
      if (outcome.sameRequest) {
        return { id: outcome.id, replayed: true, joined: outcome.joined === true };
      }
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
    case "limit-full":
      throw refuseLimitFull(outcome);
  }
}
