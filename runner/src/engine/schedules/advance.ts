/** What an advance of a schedule tells the rest of the daemon. */
import type { PassedSlot } from "../../domain/schedule-plan.ts";
import type { Log } from "../../ports/log.ts";
import type { AdvanceOutcome, SchedulePlace, StoredSchedule } from "../../ports/store/schedules.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Messages } from "../bus/messages.ts";
import type { JobSignals } from "../jobs/job-signals.ts";

export interface ReportDeps {
  readonly telemetry: Pick<Telemetry, "jobsSubmitted" | "slotsDecided">;
  readonly signals: Pick<JobSignals, "announce">;
  readonly messages: Pick<Messages, "publish">;
  readonly log: Log;
}

export function placeOf({ id, version, next }: StoredSchedule): SchedulePlace {
  return { id, version, nextSlot: next?.slot ?? null };
}

export function reportAdvance(
  { key }: Pick<StoredSchedule, "key">,
  {
    outcome,
    passed,
  }: {
    outcome: Extract<AdvanceOutcome, { kind: "advanced" }>;
    passed: readonly PassedSlot[];
  },
  { telemetry, signals, messages, log }: ReportDeps,
): void {
  reportPassed(key, passed, { telemetry, log });
  const { slot, jobId, isPaused } = outcome;
  if (slot !== null) {
    telemetry.slotsDecided(slot, 1);
    const level = slot === "refused" ? "warn" : "debug";
    log[level]({ schedule: key, slot, jobId }, "schedule.slot-decided");
  }
  if (isPaused) log.warn({ schedule: key }, "schedule.paused-by-failures");
  if (jobId === null) return;
  telemetry.jobsSubmitted(1);
  signals.announce(jobId, { kind: "changed", status: "queued" });
  messages.publish({ kind: "jobs" });
}

export function reportPassed(
  key: string,
  passed: readonly PassedSlot[],
  { telemetry, log }: Pick<ReportDeps, "telemetry" | "log">,
): void {
  for (const { state } of passed) telemetry.slotsDecided(state, 1);
  const missed = passed.filter(({ state }) => state === "missed").length;
  if (missed > 0) log.warn({ schedule: key, missed }, "schedule.slots-missed");
}
