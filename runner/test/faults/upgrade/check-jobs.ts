/** Compares jobs, batches and webhooks after an upgrade with their state before it. */
import { expect } from "vitest";
import type { JobRecord, Manifest, State, WebhookView } from "../../support/data-dir-fixtures.ts";
import type { Run } from "./plugins/_signs.ts";

export const hasEnded = ({ status }: { status: string }): boolean =>
  status === "completed" || status === "failed";

export function checkJobs(before: Manifest, after: State, now: number): void {
  const idsOf = (jobs: State["jobs"]): string[] => jobs.map(({ job }) => job.jobId);
  expect(idsOf(after.jobs)).toEqual(idsOf(before.jobs));
  for (const [index, was] of before.jobs.entries()) {
    const is = after.jobs[index];
    if (is === undefined) continue;
    const label = `${was.job.jobId} (${was.job.name})`;
    expect(
      is.events.map(({ sequence }) => sequence),
      label,
    ).toEqual(is.events.map((_, place) => place + 1));
    if (hasEnded(was.job)) expect(is, label).toMatchObject(was);
    else checkOpenJob(was, is, { isDue: Date.parse(was.job.runAt) <= now, label });
  }
  const readFiles = after.jobs.filter(({ job }) => job.plugins[0] === "digest-file");
  expect(new Set(readFiles.map(({ job }) => JSON.stringify(job.output))).size).toBe(1);
}

function checkOpenJob(
  was: JobRecord,
  is: JobRecord,
  { isDue, label }: { isDue: boolean; label: string },
): void {
  expect(is.job, label).toMatchObject(constantFields(was.job));
  expect(is.job.status, label).toBe(isDue ? "completed" : "queued");
  expect(is.events.slice(0, was.events.length), label).toMatchObject(was.events);
  expect(is.logs.slice(0, was.logs.length), label).toMatchObject(was.logs);
  if (!isDue) return;
  expect(is.events.at(-1)?.status, label).toBe("completed");
  let input = is.job.input;
  for (const [position, step] of is.job.steps.entries()) {
    const before = was.job.steps[position];
    if (before?.status === "completed") expect(step, label).toMatchObject(before);
    const { output } = step as unknown as { output: object };
    if ("after" in output) expect(output, label).toEqual({ step: position, after: input });
    input = output;
  }
}

/** The fields that do not change when a job is resumed. */
function constantFields(job: object): object {
  const changing = new Set(["status", "startedAt", "endedAt", "steps", "output", "progress"]);
  return Object.fromEntries(Object.entries(job).filter(([key]) => !changing.has(key)));
}

export function checkBatches(before: Manifest, after: State): void {
  for (const [index, was] of before.batches.entries()) {
    const is = after.batches[index];
    if (was.endedAt !== null) expect(is).toMatchObject(was);
    else {
      const { batchId, jobs, webhook } = was;
      expect(is).toMatchObject({
        batchId,
        webhook,
        status: "completed",
        jobs: jobs.map(({ jobId }) => ({ jobId, status: "completed" })),
      });
    }
  }
}

/** Call this before the test changes a webhook. */
export function checkWebhooks(before: Manifest, webhooks: readonly WebhookView[]): void {
  // The first delivery that succeeds ends a run of failures.
  const changing = new Set(["failingSince", "updatedAt"]);
  expect(webhooks).toMatchObject(
    before.webhooks.map((webhook) =>
      Object.fromEntries(Object.entries(webhook).filter(([key]) => !changing.has(key))),
    ),
  );
}

export interface RunsSeen {
  readonly runs: readonly Run[];
  /** Sequences of the events that had arrived when the first daemon was killed, by job. */
  readonly arrivedBeforeKill: ReadonlyMap<string, readonly number[]>;
}

/** A completed step never runs again. Every other step of a completed job runs at most once per daemon. */
export function checkRuns(before: Manifest, after: State, seen: RunsSeen): void {
  const runsOf = Map.groupBy(seen.runs, ({ job }) => job);
  for (const [index, was] of before.jobs.entries()) {
    const { jobId, name } = was.job;
    const runs = runsOf.get(jobId) ?? [];
    runsOf.delete(jobId);
    const is = after.jobs[index];
    const arrived = seen.arrivedBeforeKill.get(jobId) ?? [];
    const progress = is?.events.filter(({ status }) => status === "progress") ?? [];
    for (const position of was.job.steps.keys()) {
      const lives = runs.filter(({ step }) => step === position).map(({ life }) => life);
      const isCompleted = (job: JobRecord | undefined): boolean =>
        job?.job.steps[position]?.status === "completed";
      const what = `step ${position} of ${jobId} (${name}), run in the lives ${lives.join()}`;
      if (isCompleted(was) || !isCompleted(is)) expect(lives, what).toEqual([]);
      else {
        expect(lives.length, what).toBeGreaterThan(0);
        expect(new Set(lives).size, what).toBe(lives.length);
        // An event that arrived was stored together with the step's outcome.
        const hasArrived = arrived.includes(progress[position]?.sequence ?? -1);
        if (hasArrived) expect(lives, what).toEqual([1]);
      }
    }
  }
  expect([...runsOf.keys()]).toEqual([]);
}
