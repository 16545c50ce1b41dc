/** Creates, changes, pauses, resumes, runs and removes schedules. schedule-loop.ts decides their slots. */
import { Refused } from "../../domain/errors.ts";
import type { Slot } from "../../domain/schedule.ts";
import { nextSlots, slotsAfter } from "../../domain/schedule-grid.ts";
import { passUntil } from "../../domain/schedule-plan.ts";
import type { Store } from "../../ports/store/store.ts";
import type { StoredSchedule } from "../../ports/store/schedules.ts";
import type { JobRequest } from "../requests.ts";
import { placeOf, reportPassed, type ReportDeps } from "./advance.ts";
import type { MakeRunDeps } from "./make-run.ts";
import { patchSchedule } from "./patch-schedule.ts";
import { runSchedule } from "./run-schedule.ts";
import { saveSchedule } from "./save-schedule.ts";
import { openJob } from "./schedule-job.ts";
import {
  toDefinition,
  withGap,
  type SchedulePatch,
  type ScheduleRequest,
  type ScheduleWhen,
} from "./schedule-request.ts";

export interface Schedules {
  /**
   * Creates a schedule, or replaces the one with its key. A request that says the same as before changes
   * nothing. With `isNew` it only creates. Throws `Refused`: BODY_INVALID, SCHEDULE_LIMIT, SCHEDULE_EXISTS,
   * and what the submission of its job is refused with.
   */
  save(
    request: ScheduleRequest,
    by: string | null,
    options?: { readonly isNew?: boolean },
  ): Promise<{ schedule: StoredSchedule; outcome: "created" | "changed" | "unchanged" }>;
  /** Changes the fields that are given, and goes on as `save`. Throws `Refused` also with SCHEDULE_NOT_FOUND. */
  update(key: string, patch: SchedulePatch, by: string | null): Promise<StoredSchedule>;
  /** The slots after now that a schedule would have. Throws `Refused`: BODY_INVALID. */
  preview(
    when: ScheduleWhen,
    count: number,
  ): { readonly slots: readonly number[]; readonly timezone: string };
  /** Throws `Refused`, as the next ones do: SCHEDULE_NOT_FOUND. */
  get(key: string): Promise<StoredSchedule>;
  /** Makes a job now, which is no slot of the grid. Throws `Refused` also with SCHEDULE_BUSY and as `save`. */
  run(key: string, by: string | null): Promise<{ jobId: string; job: JobRequest }>;
  pause(key: string, by: string | null): Promise<StoredSchedule>;
  /** Goes on with the first slot after now. */
  resume(key: string, by: string | null): Promise<StoredSchedule>;
  remove(key: string, by: string | null): Promise<void>;
  /** The next slots, whether it is paused or not. */
  next(schedule: StoredSchedule, count: number): readonly Slot[];
  /** The request of its jobs. The values of headers and the secret must not be shown. */
  job(schedule: StoredSchedule): JobRequest;
}

export interface SchedulesDeps extends MakeRunDeps, ReportDeps {
  readonly store: Pick<
    Store,
    | "schedule"
    | "saveSchedule"
    | "setScheduleState"
    | "advanceSchedule"
    | "removeSchedule"
    | "openScheduleJobs"
    | "file"
  >;
  readonly acts: { readonly cancel: (jobId: string) => Promise<void> };
  readonly maxQueued: number;
  /** Throws `Refused`: STOPPING. */
  readonly refuseWhenStopping: () => void;
}

export function createSchedules(deps: SchedulesDeps): Schedules {
  const { store, clock, log, messages, sealedContents } = deps;

  async function get(key: string): Promise<StoredSchedule> {
    const schedule = await store.schedule(key);
    if (schedule === null) throw notFound(key);
    return schedule;
  }

  async function change(key: string, state: "active" | "paused"): Promise<StoredSchedule> {
    for (;;) {
      const schedule = await get(key);
      if (schedule.state === state) return schedule;
      const now = clock.now();
      // What was due before a pause is still decided, and what came during it is not.
      const { passed, next } =
        state === "paused"
          ? { passed: [], next: schedule.next }
          : passUntil(schedule, schedule.next, { now, mark: "paused" });
      const isStored = await store.setScheduleState(placeOf(schedule), {
        state,
        passed,
        next,
        now,
      });
      if (!isStored) continue;
      reportPassed(key, passed, deps);
      messages.publish({ kind: "schedules" });
      return get(key);
    }
  }

  return {
    async save(request, by, { isNew = false } = {}) {
      deps.refuseWhenStopping();
      // It is asked again when another request was first, and then finds that request's schedule.
      const toRequest = (before: StoredSchedule | null): ScheduleRequest => {
        if (isNew && before !== null) throw exists(request.key);
        return request;
      };
      return saveSchedule(request.key, { by, get, toRequest }, deps);
    },
    async update(key, patch, by) {
      deps.refuseWhenStopping();
      const toRequest = (before: StoredSchedule | null): ScheduleRequest => {
        if (before === null) throw notFound(key);
        return patchSchedule(before, openJob(before, sealedContents), patch);
      };
      return (await saveSchedule(key, { by, get, toRequest }, deps)).schedule;
    },
    preview(when, count) {
      const now = clock.now();
      const definition = withGap(toDefinition(when), now);
      return { slots: nextSlots(definition, now, count), timezone: definition.timezone };
    },
    get,
    async run(key, by) {
      deps.refuseWhenStopping();
      return runSchedule(key, { by, get }, deps);
    },
    async pause(key, by) {
      const schedule = await change(key, "paused");
      log.info({ schedule: key, token: by }, "schedule.paused");
      return schedule;
    },
    async resume(key, by) {
      const schedule = await change(key, "active");
      log.info({ schedule: key, token: by }, "schedule.resumed");
      return schedule;
    },
    async remove(key, by) {
      if (!(await store.removeSchedule(key))) throw notFound(key);
      log.info({ schedule: key, token: by }, "schedule.removed");
    },
    next: (schedule, count) => slotsAfter(schedule, clock.now(), count),
    job: (schedule) => openJob(schedule, sealedContents),
  };
}

function exists(key: string): Refused {
  const detail = `There is a schedule "${key}". Edit it, or choose another key.`;
  return new Refused("SCHEDULE_EXISTS", detail, {
    issues: [{ path: "/key", message: `is "${key}", which another schedule has` }],
  });
}

function notFound(key: string): Refused {
  return new Refused("SCHEDULE_NOT_FOUND", `There is no schedule "${key}".`);
}
