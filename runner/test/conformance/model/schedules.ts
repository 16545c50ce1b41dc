import type { ScheduleDefinition, Slot, SlotState } from "../../../src/domain/schedule.ts";
import type { PassedSlot } from "../../../src/domain/schedule-plan.ts";
import type { NewJob, SubmitOutcome } from "../../../src/ports/store/jobs.ts";
import type {
  AdvanceOutcome,
  NewSchedule,
  SaveScheduleOutcome,
  ScheduleAdvance,
  SchedulePlace,
  SlotRun,
} from "../../../src/ports/store/schedules.ts";
import type { ModelSchedule, ModelSlot, ModelState } from "./state.ts";

type Decision =
  | { readonly kind: "nothing" }
  | { readonly kind: "none"; readonly state: SlotState; readonly reason: string }
  | { readonly kind: "job"; readonly job: NewJob };

function record(schedule: ModelSchedule, slot: ModelSlot): void {
  if (schedule.slots.every((known) => known.slot !== slot.slot)) schedule.slots.push(slot);
}

function pass(schedule: ModelSchedule, passed: readonly PassedSlot[], now: number): void {
  for (const { slot, dueAt, state, reason } of passed) {
    record(schedule, { ...newSlot({ slot, dueAt }, state, now), reason });
  }
}

function goTo(schedule: ModelSchedule, next: Slot | null): void {
  schedule.next = next;
  // After the clock was set back, slots that were decided come again.
  if ((schedule.decidedSlot ?? -Infinity) >= (next?.slot ?? Infinity)) schedule.decidedSlot = null;
}

function newSlot({ slot, dueAt }: Slot, state: SlotState, decidedAt: number): ModelSlot {
  const none = { reason: null, jobId: null, job: null };
  return { slot, dueAt, state, isManual: false, decidedAt, ...none };
}

function pause(schedule: ModelSchedule, by: "request" | "failures", now: number): void {
  const waiting = schedule.slots.find(({ slot }) => slot === schedule.bufferedSlot);
  if (waiting?.state === "buffered")
    Object.assign(waiting, { state: "skipped", reason: "paused", decidedAt: now });
  const paused = { state: "paused", pausedBy: by, pausedAt: now, bufferedSlot: null } as const;
  Object.assign(schedule, paused);
  schedule.version += 1;
}

function pausesAt({ definition, state }: ModelSchedule, failures: number): boolean {
  return state === "active" && failures >= (definition.pauseOnFailures ?? Infinity);
}

/** A job has ended, which can be a schedule's. */
export function endScheduled(
  state: ModelState,
  jobId: string,
  end: { schedule: string | undefined; status: string; at: number },
): void {
  for (const slot of state.schedules.flatMap(({ slots }) => slots)) {
    if (slot.jobId === jobId) slot.job = end.status === "completed" ? "completed" : "failed";
  }
  const schedule = state.schedules.find(({ id }) => id === end.schedule);
  if (schedule === undefined) return;
  schedule.failures = end.status === "completed" ? 0 : schedule.failures + 1;
  if (pausesAt(schedule, schedule.failures)) pause(schedule, "failures", end.at);
}

/** A job that had ended is queued again. */
export function reopenScheduled(state: ModelState, jobId: string): void {
  for (const slot of state.schedules.flatMap(({ slots }) => slots)) {
    if (slot.jobId === jobId) slot.job = "open";
  }
}

function decide(schedule: ModelSchedule, run: SlotRun): Decision | AdvanceOutcome {
  const { slot, trigger, make } = run;
  const known = schedule.slots.find((each) => each.slot === slot);
  if (trigger === "manual" && known !== undefined) return { kind: "stale" };
  if (trigger === "grid" && known !== undefined && known.state !== "missed")
    return { kind: "nothing" };
  const open = schedule.slots.find(({ job }) => job === "open")?.jobId ?? null;
  const { overlap } = schedule.definition;
  if (overlap === "skip" || overlap === "buffer-one") {
    const other = { kind: "none", reason: "overlap" } as const;
    const isBehind = schedule.bufferedSlot !== null && trigger === "grid";
    if (open !== null && trigger === "manual") return { kind: "busy", jobId: open };
    if (open !== null && overlap === "buffer-one" && !isBehind)
      return { ...other, state: "buffered" };
    if (open !== null || isBehind) return { ...other, state: "skipped" };
  }
  if (make.kind === "refused") return { kind: "none", state: "refused", reason: make.code };
  const { id, key, firedSlot } = schedule;
  const previousSlot = firedSlot !== null && firedSlot < slot ? firedSlot : null;
  return { kind: "job", job: { ...make.job, schedule: { id, key, slot, previousSlot } } };
}

export function createScheduleModel(
  state: ModelState,
  jobs: {
    readonly refuse: (job: NewJob, maxQueued: number) => SubmitOutcome | null;
    readonly add: (job: NewJob) => void;
  },
) {
  const find = ({ id, version, nextSlot }: SchedulePlace) =>
    state.schedules.find(
      (each) =>
        each.id === id && each.version === version && (each.next?.slot ?? null) === nextSlot,
    );

  return {
    schedules: () => state.schedules,

    saveSchedule(
      { id, key, definition, next }: NewSchedule,
      request: {
        readonly from: SchedulePlace | null;
        readonly passed: readonly PassedSlot[];
        readonly now: number;
        readonly maxSchedules: number;
      },
    ): SaveScheduleOutcome {
      const { from, passed, now } = request;
      if (from === null) {
        if (state.schedules.length >= request.maxSchedules) return "limit";
        if (state.schedules.some((each) => each.key === key)) return "stale";
        const times = { createdAt: now, updatedAt: now };
        state.schedules.push({ ...newModelSchedule(id, key, definition), next, ...times });
        return "created";
      }
      const schedule = find(from);
      if (schedule === undefined || schedule.key !== key) return "stale";
      Object.assign(schedule, { definition, failures: 0, updatedAt: now });
      goTo(schedule, next);
      schedule.version += 1;
      pass(schedule, passed, now);
      return "changed";
    },

    setScheduleState(
      from: SchedulePlace,
      change: {
        readonly state: "active" | "paused";
        readonly passed: readonly PassedSlot[];
        readonly next: Slot | null;
        readonly now: number;
      },
    ): boolean {
      const schedule = find(from);
      if (schedule === undefined) return false;
      const { now, next } = change;
      if (change.state === "paused") pause(schedule, "request", now);
      else {
        const resumed = { state: "active", pausedBy: null, pausedAt: null, failures: 0 } as const;
        Object.assign(schedule, resumed);
        schedule.version += 1;
      }
      schedule.updatedAt = now;
      goTo(schedule, next);
      pass(schedule, change.passed, now);
      return true;
    },

    advanceSchedule(from: SchedulePlace, advance: ScheduleAdvance): AdvanceOutcome {
      const { passed, run, next, now, maxQueued } = advance;
      const schedule = find(from);
      if (schedule === undefined) return { kind: "stale" };
      if (run?.trigger === "buffer" && schedule.bufferedSlot !== run.slot) return { kind: "stale" };
      const decision = run === null ? ({ kind: "nothing" } as const) : decide(schedule, run);
      if (decision.kind !== "nothing" && decision.kind !== "none" && decision.kind !== "job")
        return decision;
      if (decision.kind === "job") {
        const refusal = jobs.refuse(decision.job, maxQueued);
        if (refusal !== null) return refusal as AdvanceOutcome;
        jobs.add(decision.job);
      }
      pass(schedule, passed, now);
      const grid = run?.trigger === "grid" ? run.slot : (passed.at(-1)?.slot ?? null);
      schedule.decidedSlot = grid ?? schedule.decidedSlot;
      goTo(schedule, next);
      if (run === null || decision.kind === "nothing") {
        if (run?.trigger === "buffer") schedule.bufferedSlot = null;
        return { kind: "advanced", slot: null, jobId: null, isPaused: false };
      }
      const jobId = decision.kind === "job" ? decision.job.id : null;
      const slotState = decision.kind === "job" ? run.state : decision.state;
      const isManual = jobId !== null && run.trigger === "manual";
      if (!isManual) schedule.slots = schedule.slots.filter(({ slot }) => slot !== run.slot);
      const reason = decision.kind === "job" ? null : decision.reason;
      const job = jobId === null ? null : ("open" as const);
      record(schedule, { ...newSlot(run, slotState, now), isManual, reason, jobId, job });
      if (slotState === "buffered") schedule.bufferedSlot = run.slot;
      else if (run.trigger === "buffer") schedule.bufferedSlot = null;
      if (jobId !== null && run.trigger !== "manual")
        schedule.firedSlot = Math.max(run.slot, schedule.firedSlot ?? -Infinity);
      if (slotState === "refused") schedule.failures += 1;
      const isPaused = slotState === "refused" && pausesAt(schedule, schedule.failures);
      if (isPaused) pause(schedule, "failures", now);
      return { kind: "advanced", slot: slotState, jobId, isPaused };
    },

    removeSchedule(key: string): boolean {
      const before = state.schedules.length;
      state.schedules = state.schedules.filter((each) => each.key !== key);
      return state.schedules.length < before;
    },

    /** The keys of the schedules that have something to decide. */
    schedulesToDecide: (now: number) =>
      state.schedules
        .filter(({ next, decidedSlot, bufferedSlot, slots }) => {
          const isFree = bufferedSlot !== null && slots.every(({ job }) => job !== "open");
          return isFree || (decidedSlot ?? 0) > now || (next?.dueAt ?? Infinity) <= now;
        })
        .map(({ key }) => key),

    nextScheduleDue(): number | null {
      const due = Math.min(...state.schedules.map(({ next }) => next?.dueAt ?? Infinity));
      return due === Infinity ? null : due;
    },
  };
}

function newModelSchedule(id: string, key: string, definition: ScheduleDefinition) {
  const slots: ModelSlot[] = [];
  const none = { pausedBy: null, pausedAt: null, decidedSlot: null, firedSlot: null };
  const fresh = { state: "active", bufferedSlot: null, failures: 0, version: 1 } as const;
  return { id, key, definition, slots, ...none, ...fresh };
}
