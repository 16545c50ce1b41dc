import { Refused } from "../../domain/errors.ts";
import { slotAfter } from "../../domain/schedule-grid.ts";
import { planSlots } from "../../domain/schedule-plan.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { ScheduleAdvance, StoredSchedule } from "../../ports/store/schedules.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Backstop } from "../bus/backstop.ts";
import { createLoop, type Loop } from "../loop.ts";
import { placeOf, reportAdvance, type ReportDeps } from "./advance.ts";
import { cancelJobs } from "./cancel-jobs.ts";
import { describeLimitFull } from "../limits/limit-full.ts";
import { makeRun, type MakeRunDeps } from "./make-run.ts";

const SCHEDULES_PER_TICK = 20;
const ALONE_MS = 5_000;
/** Until a schedule is looked at again whose job the full queue refused. */
const QUEUE_FULL_MS = 1_000;
/** Until a schedule is looked at again that could not be decided. */
const FAILED_MS = 30_000;

export interface ScheduleLoopDeps extends MakeRunDeps, ReportDeps {
  readonly store: Pick<
    Store,
    "schedulesToDecide" | "nextScheduleDue" | "advanceSchedule" | "openScheduleJobs"
  >;
  readonly clock: Clock;
  readonly log: Log;
  readonly acts: { readonly cancel: (jobId: string) => Promise<void> };
  readonly maxQueued: number;
  readonly backstop: Backstop;
}

/** Whether the schedule can have more to decide now, or in how many ms to look at it again. */
type Next = "more" | "done" | { readonly inMs: number };

/**
 * Decides the slots that are due, one a tick of each schedule. Wake it when a schedule has changed or a job of
 * one has ended. Slots are due by the system's clock, which can be set at any time: the loop never sleeps
 * longer than its backstop.
 */
export function createScheduleLoop(deps: ScheduleLoopDeps): Loop {
  const { store, clock, log, backstop } = deps;
  /** Schedules that cannot be decided now, with the instant of the next try: they stop no other. */
  const later = new Map<string, number>();

  async function advance(
    schedule: StoredSchedule,
    change: Pick<ScheduleAdvance, "passed" | "run" | "next">,
  ): Promise<Next> {
    const { maxQueued } = deps;
    const whole = { ...change, now: clock.now(), maxQueued };
    const outcome = await store.advanceSchedule(placeOf(schedule), whole);
    const refuse = (code: string, message: string): Promise<Next> => {
      const make = { kind: "refused", code, message } as const;
      return advance(schedule, { ...change, run: change.run && { ...change.run, make } });
    };
    switch (outcome.kind) {
      case "advanced":
        reportAdvance(schedule, { outcome, passed: change.passed }, deps);
        return "more";
      case "stale":
        // Another daemon was first, or a client changed it.
        return "more";
      case "queue-full":
        return { inMs: QUEUE_FULL_MS };
      case "limit-full":
        return refuse("LIMIT_QUEUE_FULL", describeLimitFull(outcome));
      case "no-file":
        return refuse(
          "FILE_NOT_FOUND",
          `The job names the file ${outcome.id}, which does not exist.`,
        );
      case "busy":
        return "done";
    }
  }

  async function decideDue(schedule: StoredSchedule, now: number): Promise<Next> {
    const { next: first } = schedule;
    if (first === null || first.dueAt > now) return "done";
    const { passed, run: due, next } = planSlots(schedule, first, now);
    const run = due && makeRun(schedule, { ...due, trigger: "grid" }, deps);
    if (run !== null && schedule.definition.overlap === "cancel-running") {
      // Those of this slot are another daemon's, which was first.
      await cancelJobs(schedule.id, { before: run.slot }, deps);
    }
    return advance(schedule, { passed, run, next });
  }

  async function decide(schedule: StoredSchedule): Promise<Next> {
    const now = clock.now();
    const { id, key, bufferedSlot: slot, decidedSlot, next } = schedule;
    if (decidedSlot !== null && decidedSlot > now) {
      log.warn(
        { schedule: key, decidedSlot: new Date(decidedSlot).toISOString() },
        "schedule.clock-set-back",
      );
      return advance(schedule, { passed: [], run: null, next: slotAfter(schedule, now) });
    }
    if (slot === null || (await store.openScheduleJobs(id, { limit: 1 })).length > 0) {
      return decideDue(schedule, now);
    }
    const buffered = { slot, dueAt: slot, state: "fired", trigger: "buffer" } as const;
    return advance(schedule, { passed: [], run: makeRun(schedule, buffered, deps), next });
  }

  async function tryToDecide(schedule: StoredSchedule): Promise<boolean> {
    const { id, key } = schedule;
    try {
      if (!(await deps.diskRoom.take(0))) throw new Refused("DISK_FULL");
      const next = await decide(schedule);
      if (typeof next === "object") later.set(id, clock.monotonic() + next.inMs);
      else later.delete(id);
      return next === "more";
    } catch (error) {
      later.set(id, clock.monotonic() + FAILED_MS);
      log.error({ schedule: key, err: error, retryInMs: FAILED_MS }, "schedule.decide-failed");
      return false;
    }
  }

  async function untilNextDue(): Promise<number> {
    const waits = [...later.values()].map((at) => at - clock.monotonic());
    const nextAt = await store.nextScheduleDue();
    // One that waits is the next to be due, until it is decided.
    if (nextAt !== null && waits.length === 0) waits.push(nextAt - clock.now());
    return Math.max(0, Math.min(backstop(ALONE_MS), ...waits));
  }

  async function tick(): Promise<number | (() => Promise<number>)> {
    const limit = SCHEDULES_PER_TICK + later.size;
    const found = await store.schedulesToDecide({ now: clock.now(), limit });
    const now = clock.monotonic();
    const ready = found.filter(({ id }) => (later.get(id) ?? now) <= now);
    for (const id of later.keys()) if (!found.some((each) => each.id === id)) later.delete(id);
    let isMore = found.length === limit && ready.length > 0;
    for (const schedule of ready) if (await tryToDecide(schedule)) isMore = true;
    return isMore ? 0 : untilNextDue;
  }

  return createLoop({ name: "schedules", tick, clock, log });
}
