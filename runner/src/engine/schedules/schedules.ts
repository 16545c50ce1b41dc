/** Creates, changes, pauses, resumes, runs and removes schedules. schedule-loop.ts decides their slots. */
import { Refused } from "../../domain/errors.ts";
import { toJsonText } from "../../domain/json-text.ts";
import { MAX_SCHEDULES, type Slot } from "../../domain/schedule.ts";
import { nextSlot, slotAfter, slotsAfter } from "../../domain/schedule-grid.ts";
import { passUntil } from "../../domain/schedule-plan.ts";
import { sortedJson } from "../../domain/sorted-json.ts";
import type { Store } from "../../ports/store/store.ts";
import type { StoredSchedule } from "../../ports/store/schedules.ts";
import { namedFiles, refuseMissingFile } from "../files/named-files.ts";
import { checkJob } from "../jobs/check-job.ts";
import type { JobRequest } from "../requests.ts";
import { placeOf, reportAdvance, reportPassed, type ReportDeps } from "./advance.ts";
import { makeRun, type MakeRunDeps } from "./make-run.ts";
import { openJob, sealJob } from "./schedule-job.ts";
import { toDefinition, withGap, type ScheduleRequest } from "./schedule-request.ts";

export interface Schedules {
  /**
   * Creates a schedule, or replaces the one with its key. A request that says the same as before changes
   * nothing. Throws `Refused`: BODY_INVALID, SCHEDULE_LIMIT, and what the submission of its job is refused
   * with.
   */
  save(
    request: ScheduleRequest,
    by: string | null,
  ): Promise<{ schedule: StoredSchedule; outcome: "created" | "changed" | "unchanged" }>;
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
}

/** Jobs that one request to run cancels. */
const MAX_CANCELLED = 1_000;

export function createSchedules(deps: SchedulesDeps): Schedules {
  const { store, clock, ids, log, messages, sealedContents, maxQueued } = deps;

  async function get(key: string): Promise<StoredSchedule> {
    const schedule = await store.schedule(key);
    if (schedule === null)
      throw new Refused("SCHEDULE_NOT_FOUND", `There is no schedule "${key}".`);
    return schedule;
  }

  function contentOf(request: ScheduleRequest): string {
    return sortedJson({ definition: toDefinition(request), job: plain(request.job) });
  }

  function isAsBefore({ definition, ...schedule }: StoredSchedule, content: string): boolean {
    const { minGapMs: _, ...given } = definition;
    const job = plain(openJob(schedule, sealedContents));
    return sortedJson({ definition: given, job }) === content;
  }

  async function checkFiles(job: JobRequest): Promise<void> {
    const texts = [job.input, ...job.plugins.map(({ options }) => options)].map(toJsonText);
    for (const id of namedFiles(job, texts)) {
      if ((await store.file(id)) !== null) continue;
      throw refuseMissingFile(id, [{ request: job, at: "/job" }]);
    }
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

  async function cancelOpen(id: string): Promise<void> {
    for (const { jobId } of await store.openScheduleJobs(id, { limit: MAX_CANCELLED })) {
      await deps.acts.cancel(jobId).catch((error: unknown) => {
        // It has ended since.
        if (!(error instanceof Refused)) throw error;
      });
    }
  }

  async function run(key: string, by: string | null): Promise<{ jobId: string; job: JobRequest }> {
    for (let attempt = 0; ; attempt += 1) {
      const schedule = await get(key);
      const { id, definition, next } = schedule;
      const now = clock.now();
      // An instant that is neither on the grid nor another request's.
      let slot = now - attempt;
      if (nextSlot(definition, slot - 1) === slot) slot -= 1;
      const state = { dueAt: slot, state: "fired", trigger: "manual" } as const;
      const made = makeRun(schedule, { slot, ...state }, deps);
      if (made.make.kind === "refused") {
        throw new Refused("SCHEDULE_JOB_REFUSED", `${made.make.code}: ${made.make.message}`);
      }
      if (definition.overlap === "cancel-running") await cancelOpen(id);
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
        case "no-file":
          throw refuseMissingFile(outcome.id, [
            { request: openJob(schedule, sealedContents), at: "/job" },
          ]);
      }
    }
  }

  return {
    async save(request, by) {
      const { key, job } = request;
      const content = contentOf(request);
      for (;;) {
        const before = await store.schedule(key);
        if (before !== null && isAsBefore(before, content)) {
          return { schedule: before, outcome: "unchanged" };
        }
        checkJob(job, deps, "/job");
        await checkFiles(job);
        const now = clock.now();
        const definition = withGap(toDefinition(request), now);
        const id = before?.id ?? ids.newId("sch");
        const next = slotAfter({ id, definition }, now);
        const passed =
          before?.next == null
            ? []
            : passUntil(before, before.next, { now, mark: "changed" }).passed;
        const outcome = await store.saveSchedule(
          { id, key, definition, next, ...sealJob(job, id, sealedContents) },
          { from: before && placeOf(before), passed, now, maxSchedules: MAX_SCHEDULES },
        );
        if (outcome === "stale") continue;
        if (outcome === "limit") throw new Refused("SCHEDULE_LIMIT");
        reportPassed(key, passed, deps);
        log.info({ schedule: key, token: by }, `schedule.${outcome}`);
        messages.publish({ kind: "schedules" });
        return { schedule: await get(key), outcome };
      }
    },
    get,
    run,
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
      if (!(await store.removeSchedule(key))) {
        throw new Refused("SCHEDULE_NOT_FOUND", `There is no schedule "${key}".`);
      }
      log.info({ schedule: key, token: by }, "schedule.removed");
    },
    next: (schedule, count) => slotsAfter(schedule, clock.now(), count),
    job: (schedule) => openJob(schedule, sealedContents),
  };
}

/** As it comes back from the store: fields that are undefined are left out. */
function plain(job: JobRequest): string {
  return sortedJson(job);
}
