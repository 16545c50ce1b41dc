import type { RunningJob } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Claim } from "../../ports/store/jobs.ts";
import { ShortLivedMap } from "../../system/short-lived-map.ts";
import { createThreads } from "../steps/threads.ts";
import { createLookahead } from "./lookahead.ts";
import { runJob, type ActiveJob, type RunJobDeps } from "./run-job.ts";

/** The jobs that this process has claimed, and how many more it has room for. */
export interface ActiveJobs {
  /** `limit` jobs can begin immediately. `ahead` more are worth claiming now. */
  room(): { readonly limit: number; readonly ahead: number };
  /** Keeps room for jobs that are being claimed. Returns a function that ends that. */
  reserve(jobs: number): () => void;
  /** Threads that a job uses now. */
  busyThreads(): number;
  start(job: RunningJob): void;
  /** Null if this process does not have the job under this claim. */
  get(claim: Claim): ActiveJob | null;
  claims(): readonly Claim[];
  /** Stops work on jobs whose claims are lost. Returns how many of them were still worked on. */
  drop(lost: readonly Claim[]): number;
  /** From now on, no job begins its next step. */
  endAfterSteps(): void;
  /** Lets each running step end within the grace period, then puts the rest back into the queue. */
  drain(options: { graceMs: number }): Promise<void>;
}

interface Entry {
  readonly claim: Claim;
  readonly claimedAt: number;
  readonly active: ActiveJob;
}

/** A job that was claimed ahead and gets no thread in this time goes back into the queue. */
const MAX_WAIT_MS = 1_000;

/** `onRoom` is called when a job leaves its thread, or ends or is released before it had one. */
export function createActiveJobs(options: {
  size: number;
  deps: Omit<RunJobDeps, "threads" | "lookahead">;
  clock: Clock;
  onRoom: () => void;
}): ActiveJobs {
  const { size, clock, onRoom } = options;
  const threads = createThreads(size, onRoom);
  const lookahead = createLookahead(size);
  const deps: RunJobDeps = { ...options.deps, threads, lookahead };
  const jobs = new ShortLivedMap<string, Entry>();
  let isWatching = false;
  let reserved = 0;

  function room(): { limit: number; ahead: number } {
    const free = threads.free();
    const ahead = lookahead.jobs() - threads.waiting() - Math.max(0, reserved - free);
    return { limit: Math.max(0, free - reserved), ahead: Math.max(0, ahead) };
  }

  function start(job: RunningJob): void {
    // This process has it under an earlier claim, which was taken from it. That step is asked to stop.
    jobs.get(job.id)?.active.drop();
    const active = runJob(job, deps);
    const claim = { jobId: job.id, fence: job.fence, owner: job.owner };
    const entry = { claim, claimedAt: clock.now(), active };
    jobs.set(job.id, entry);
    void active.ended.finally(() => {
      if (jobs.get(job.id) === entry) jobs.delete(job.id);
      // The job had no thread, so no released thread reports the room that it leaves.
      if (!active.hasBegun()) onRoom();
    });
    if (!isWatching && threads.waiting() > 0) void releaseLate();
  }

  /** While jobs wait for threads, puts back those that wait too long because steps take longer than expected. */
  async function releaseLate(): Promise<void> {
    isWatching = true;
    const { signal } = new AbortController();
    while (threads.waiting() > 0) {
      await clock.sleep(MAX_WAIT_MS, { signal });
      const before = clock.now() - MAX_WAIT_MS;
      for (const { active, claimedAt } of jobs.values()) {
        if (active.hasBegun() || claimedAt > before) continue;
        lookahead.tooFar();
        active.release();
      }
    }
    isWatching = false;
  }

  function endAfterSteps(): void {
    for (const { active } of jobs.values()) active.drain();
  }

  async function drain({ graceMs }: { graceMs: number }): Promise<void> {
    endAfterSteps();
    const all = jobs.values().map((entry) => entry.active);
    const allEnded = Promise.all(all.map((active) => active.ended));
    const done = new AbortController();
    await Promise.race([allEnded, clock.sleep(graceMs, { signal: done.signal })]);
    done.abort();
    for (const active of all) active.release();
    await allEnded;
  }

  return {
    room,
    reserve(count) {
      reserved += count;
      return () => void (reserved -= count);
    },
    busyThreads: () => threads.used(),
    start,
    get: ({ jobId, fence }) => {
      const entry = jobs.get(jobId);
      return entry?.claim.fence === fence ? entry.active : null;
    },
    claims: () => jobs.values().map((entry) => entry.claim),
    drop(lost) {
      const dropped = lost.filter(({ jobId, fence }) => {
        const entry = jobs.get(jobId);
        return entry?.claim.fence === fence && entry.active.drop();
      });
      return dropped.length;
    },
    endAfterSteps,
    drain,
  };
}
