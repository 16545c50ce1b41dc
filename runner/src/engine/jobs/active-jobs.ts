import type { RunningJob } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Claim } from "../../ports/store/jobs.ts";
import { ShortLivedMap } from "../../system/short-lived-map.ts";
import { createLookahead } from "./lookahead.ts";
import { runJob, type ActiveJob, type RunDeps } from "./run-job.ts";
import { createThreads } from "../steps/threads.ts";

/** The jobs that this process has claimed, and how many more it has room for. */
export interface ActiveJobs {
  /** `limit` can begin at once; `ahead` more are worth claiming already. */
  room(): { readonly limit: number; readonly ahead: number };
  start(job: RunningJob): void;
  get(jobId: string): ActiveJob | null;
  claims(): readonly Claim[];
  /** Lets each running step end within the grace period, then puts what is left back into the queue. */
  drain(options: { graceMs: number }): Promise<void>;
}

interface Entry {
  readonly claim: Claim;
  readonly claimedAt: number;
  readonly active: ActiveJob;
}

/** A job claimed ahead that no thread took in this time goes back into the queue, in ms. */
const MAX_WAIT_MS = 1_000;

/** `onRoom` is called whenever a thread comes free, a job ends that had none, or one goes back. */
export function createActiveJobs(options: {
  size: number;
  deps: Omit<RunDeps, "threads" | "lookahead" | "onGivenBack">;
  clock: Clock;
  onRoom: () => void;
}): ActiveJobs {
  const { size, clock, onRoom } = options;
  const threads = createThreads(size, onRoom);
  const lookahead = createLookahead(size);
  const deps: RunDeps = { ...options.deps, threads, lookahead, onGivenBack: onRoom };
  const jobs = new ShortLivedMap<string, Entry>();
  let watching = false;

  function start(job: RunningJob): void {
    const active = runJob(job, deps);
    const entry = { claim: { jobId: job.id, fence: job.fence }, claimedAt: clock.now(), active };
    jobs.set(job.id, entry);
    void active.ended.finally(() => {
      if (jobs.get(job.id) === entry) jobs.delete(job.id);
      // It took no thread, so none that comes free tells of the room it leaves.
      if (!active.hasBegun()) onRoom();
    });
    if (!watching && threads.waiting() > 0) void releaseLate();
  }

  /** While jobs wait for threads: those that steps turned out too long for go back into the queue. */
  async function releaseLate(): Promise<void> {
    watching = true;
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
    watching = false;
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
