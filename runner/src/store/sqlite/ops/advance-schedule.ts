import type { DatabaseSync } from "node:sqlite";
import type { NewJob } from "../../../ports/store/jobs.ts";
import type { AdvanceOutcome, SlotRun } from "../../../ports/store/schedules.ts";
import { advancedColumns, decideSlot, pauseReason } from "../../shared/decide-slot.ts";
import { toRecord, type ScheduleRow, type SlotRecord } from "../../shared/stored-schedule.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareJobAdmission } from "./job-admission.ts";
import { preparePauseSchedule } from "./pause-schedule.ts";
import { prepareSlotRows } from "./schedule-slots.ts";

type Refusal = Exclude<AdvanceOutcome, { kind: "advanced" }>;

export function prepareAdvanceSchedule(db: DatabaseSync): Operations["advanceSchedule"] {
  const find = prepare<ScheduleRow>(
    db,
    `SELECT * FROM schedules WHERE id = ? AND version = ? AND next_slot IS ?`,
  );
  const advance = prepare(
    db,
    `UPDATE schedules SET next_slot = ?, due_at = ?, decided_slot = ?, fired_slot = ?,
       buffered_slot = ?, failures = ? WHERE seq = ?`,
  );
  const slots = prepareSlotRows(db);
  const admission = prepareJobAdmission(db);
  const pause = preparePauseSchedule(db);

  function whyNot(job: NewJob, { maxQueued }: { maxQueued: number }): Refusal | null {
    const queued = admission.countQueued();
    if (queued >= maxQueued) return { kind: "queue-full", queued };
    const missing = admission.missingFile(job);
    return missing === null ? null : { kind: "no-file", id: missing };
  }

  /** Returns the row that the slot got, or null if it was decided before. */
  function decide(
    row: ScheduleRow,
    run: SlotRun,
    { now, maxQueued }: { now: number; maxQueued: number },
  ): SlotRecord | Refusal | null {
    const known = slots.find(row.seq, run.slot);
    const openJob = slots.openJob(row.seq);
    const decision = decideSlot(row, run, { known, openJob, now });
    if (decision.kind === "known") return null;
    if (decision.kind === "busy" || decision.kind === "stale") return decision;
    if (decision.kind === "job") {
      const refusal = whyNot(decision.job, { maxQueued });
      if (refusal !== null) return refusal;
      admission.insert(decision.job);
    }
    if (run.trigger !== "manual") slots.remove(row.seq, run.slot);
    slots.insert(row.seq, decision.record);
    return decision.record;
  }

  return (from, { passed, run, next, now, maxQueued }) => {
    const row = find.get(from.id, from.version, from.nextSlot);
    if (row === undefined) return { kind: "stale" };
    if (run?.trigger === "buffer" && row.buffered_slot !== run.slot) return { kind: "stale" };
    const record = run === null ? null : decide(row, run, { now, maxQueued });
    if (record !== null && "kind" in record) return record;
    for (const each of passed) slots.insert(row.seq, toRecord(each, now));
    const lastPassed = passed.at(-1)?.slot ?? null;
    const columns = advancedColumns(row, { run, record, lastPassed, next });
    const isRefused = record?.state === "refused";
    const failures = row.failures + (isRefused ? 1 : 0);
    advance.run(
      next?.slot ?? null,
      next?.dueAt ?? null,
      columns.decidedSlot,
      columns.firedSlot,
      columns.bufferedSlot,
      failures,
      row.seq,
    );
    const reason = isRefused ? pauseReason(row, failures, record.detail ?? "") : null;
    if (reason !== null) {
      pause({ ...row, buffered_slot: columns.bufferedSlot }, { by: "failures", reason, at: now });
    }
    slots.prune(row.seq);
    const { state: slot = null, jobId = null } = record ?? {};
    return { kind: "advanced", slot, jobId, isPaused: reason !== null };
  };
}
