import { Refused } from "../../domain/errors.ts";
import { nextSlot } from "../../domain/schedule-grid.ts";
import type { StoredSchedule } from "../../ports/store/schedules.ts";
import type { Store } from "../../ports/store/store.ts";
import { refuseLimitFull } from "../limits/limit-full.ts";
import { refuseMissingFile } from "../files/named-files.ts";
import type { JobRequest } from "../requests.ts";
import { placeOf, reportAdvance, type ReportDeps } from "./advance.ts";
import { cancelJobs } from "./cancel-jobs.ts";
import { makeRun, type MakeRunDeps } from "./make-run.ts";
import { openJob } from "./schedule-job.ts";

interface RunDeps extends MakeRunDeps, ReportDeps {
  readonly store: Pick<Store, "advanceSchedule" | "openScheduleJobs">;
  readonly acts: { readonly cancel: (jobId: string) => Promise<void> };
  readonly maxQueued: number;
}

/** Makes a job now, at an instant that is neither on the grid nor another request's. */
export async function runSchedule(
  key: string,
  { by, get }: { by: string | null; get: (key: string) => Promise<StoredSchedule> },
  deps: RunDeps,
): Promise<{ jobId: string; job: JobRequest }> {
  const { store, clock, log, sealedContents, maxQueued } = deps;
  if (!(await deps.diskRoom.take(0))) throw new Refused("DISK_FULL");
  for (let attempt = 0; ; attempt += 1) {
    const schedule = await get(key);
    const { id, definition, next } = schedule;
    const now = clock.now();
    let slot = now - attempt;
    if (nextSlot(definition, slot - 1) === slot) slot -= 1;
    const state = { dueAt: slot, state: "fired", trigger: "manual" } as const;
    const made = makeRun(schedule, { slot, ...state }, deps);
    if (made.make.kind === "refused") {
      throw new Refused("SCHEDULE_JOB_REFUSED", `${made.make.code}: ${made.make.message}`);
    }
    if (definition.overlap === "cancel-running") await cancelJobs(id, { before: Infinity }, deps);
    const advance = { passed: [], run: made, next, now, maxQueued };
    const outcome = await store.advanceSchedule(placeOf(schedule), advance);
    switch (outcome.kind) {
      case "advanced":
        log.info({ schedule: key, jobId: outcome.jobId, token: by }, "schedule.run");
        reportAdvance(schedule, { outcome, passed: [] }, deps);
        return { jobId: outcome.jobId ?? "", job: openJob(schedule, sealedContents) };
      case "stale":
        continue;
      case "busy":
        throw new Refused(
          "SCHEDULE_BUSY",
          `${outcome.jobId} of the schedule has not ended, and its overlap is ${definition.overlap}.`,
        );
      case "queue-full":
        throw new Refused(
          "QUEUE_FULL",
          `${outcome.queued} jobs are queued and the limit is ${maxQueued}. Try again later.`,
          { retryAfterMs: 5_000 },
        );
      case "limit-full":
        throw refuseLimitFull(outcome);
      case "no-file":
        throw refuseMissingFile(outcome.id, [
          { request: openJob(schedule, sealedContents), at: "/job" },
        ]);
    }
  }
}
