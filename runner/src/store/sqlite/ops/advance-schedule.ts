import type { DatabaseSync } from "node:sqlite";
import type { NewJob } from "../../../ports/store/jobs.ts";
import type { SlotRun } from "../../../ports/store/schedules.ts";
import {
  advancedColumns,
  decideSlot,
  isRefusal,
  KNOWN,
  pauseReason,
  type Refusal,
  type SlotDecision,
} from "../../shared/decide-slot.ts";
import { toRecord, type ScheduleRow } from "../../shared/stored-schedule.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareJobAdmission } from "./job-admission.ts";
import { preparePauseSchedule } from "./pause-schedule.ts";
import { prepareSlotRows } from "./schedule-slots.ts";

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
    const full = admission.fullLimit([job]);
    if (full !== null) return full;
    const missing = admission.missingFile(job);
    return missing === null ? null : { kind: "no-file", id: missing };
  }

  function decide(
    row: ScheduleRow,
    run: SlotRun,
    { now, maxQueued }: { now: number; maxQueued: number },
  ): SlotDecision | Refusal {
    const known = slots.find(row.seq, run.slot);
    const openJob = slots.openJob(row.seq);
    const decision = decideSlot(row, run, { known, openJob, now });
    return (decision.kind === "job" ? whyNot(decision.job, { maxQueued }) : null) ?? decision;
  }

  return (from, { passed, run, next, now, maxQueued }) => {
    const row = find.get(from.id, from.version, from.nextSlot);
    if (row === undefined) return { kind: "stale" };
    if (run?.trigger === "buffer" && row.buffered_slot !== run.slot) return { kind: "stale" };
    const decision = run === null ? KNOWN : decide(row, run, { now, maxQueued });
    if (isRefusal(decision)) return decision;
    const record = decision.kind === "known" ? null : decision.record;
    if (decision.kind === "job") admission.insert(decision.job);
    for (const each of passed) slots.insert(row.seq, toRecord(each, now));
    if (record !== null) {
      if (!record.isManual) slots.remove(row.seq, record.slot);
      slots.insert(row.seq, record);
    }
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
