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
  start(job: RunningJob): void;
  get(jobId: string): ActiveJob | null;
  claims(): readonly Claim[];
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

/** `onRoom` is called when a thread becomes free, or when a job ends or is released before it had a thread. */
export function createActiveJobs(options: {
  size: number;
  deps: Omit<RunJobDeps, "threads" | "lookahead" | "onReleased">;
  clock: Clock;
  onRoom: () => void;
}): ActiveJobs {
  const { size, clock, onRoom } = options;
  const threads = createThreads(size, onRoom);
  const lookahead = createLookahead(size);
  const deps: RunJobDeps = { ...options.deps, threads, lookahead, onReleased: onRoom };
  const jobs = new ShortLivedMap<string, Entry>();
  let isWatching = false;

  function start(job: RunningJob): void {
    const active = runJob(job, deps);
    const entry = { claim: { jobId: job.id, fence: job.fence }, claimedAt: clock.now(), active };
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

  async function drain({ graceMs }: { graceMs: number }): Promise<void> {
    const all = jobs.values().map((entry) => entry.active);
    for (const active of all) active.drain();
    const allEnded = Promise.all(all.map((active) => active.ended));
    const done = new AbortController();
    await Promise.race([allEnded, clock.sleep(graceMs, { signal: done.signal })]);
    done.abort();
    for (const active of all) active.release();
    await allEnded;
  }

  return {
    room: () => ({
      limit: threads.free(),
      ahead: Math.max(0, lookahead.jobs() - threads.waiting()),
    }),
    start,
    get: (jobId) => jobs.get(jobId)?.active ?? null,
    claims: () => jobs.values().map((entry) => entry.claim),
    drain,
  };
}
