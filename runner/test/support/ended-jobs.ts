import { toJsonText } from "../../src/domain/json-text.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { claim, completeAll, newJob, UNLIMITED } from "../conformance/given.ts";

const INPUT = toJsonText("x".repeat(3_000));

/** Adds jobs that have ended, each at another instant, from 1 on. Each takes a few kilobytes. */
export async function addEndedJobs(store: Store, count: number): Promise<void> {
  const jobs = Array.from({ length: count }, () => newJob({ input: INPUT }));
  await Promise.all(jobs.map((job) => store.submitJob(job, UNLIMITED)));
  const claimed = await claim(store, { limit: count });
  await Promise.all(claimed.map((job, index) => completeAll(store, job, index + 1)));
}

/** Deletes the jobs that ended before the instant, as the retention does. */
export async function deleteJobsBefore(store: Store, endedBefore: number): Promise<void> {
  let after: string | null = null;
  for (let more = true; more;)
    ({ at: after, more } = await store.pruneJobs({ endedBefore, limit: 100, after }));
}
