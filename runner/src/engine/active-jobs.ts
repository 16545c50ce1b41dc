import type { RunningJob } from "../domain/job.ts";
import type { Claim } from "../ports/store.ts";
import { runJob, type ActiveJob, type RunDeps } from "./run-job.ts";

/** The jobs that run in this process, and how many threads they leave free. */
export interface ActiveJobs {
  freeThreads(): number;
  start(job: RunningJob): void;
  get(jobId: string): ActiveJob | null;
  claims(): readonly Claim[];
  /** Lets each running step end within the grace period, then puts what is left back into the queue. */
  drain(options: { graceMs: number }): Promise<void>;
}

export function createActiveJobs(options: {
  threads: number;
  deps: RunDeps;
  onThreadFree: () => void;
  sleep: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
}): ActiveJobs {
  const { threads, deps, onThreadFree, sleep } = options;
  const jobs = new Map<string, { claim: Claim; active: ActiveJob }>();
  let busy = 0;

  function start(job: RunningJob): void {
    busy += 1;
    let freed = false;
    const free = (): void => {
      if (freed) return;
      freed = true;
      busy -= 1;
      onThreadFree();
    };
    const active = runJob(job, deps, free);
    const entry = { claim: { jobId: job.id, fence: job.fence }, active };
    jobs.set(job.id, entry);
    void active.ended.finally(() => {
      if (jobs.get(job.id) === entry) jobs.delete(job.id);
      free();
    });
  }

  async function drain({ graceMs }: { graceMs: number }): Promise<void> {
    const all = [...jobs.values()].map((entry) => entry.active);
    for (const active of all) active.drain();
    const allEnded = Promise.all(all.map((active) => active.ended));
    const done = new AbortController();
    await Promise.race([allEnded, sleep(graceMs, { signal: done.signal })]);
    done.abort();
    for (const active of all) active.release();
    await allEnded;
  }

  return {
    freeThreads: () => Math.max(0, threads - busy),
    start,
    get: (jobId) => jobs.get(jobId)?.active ?? null,
    claims: () => [...jobs.values()].map((entry) => entry.claim),
    drain,
  };
}
