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
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { findMissingFile } from "./files.ts";
import { findSchedule } from "./find-schedule.ts";
import { findFullLimit } from "./limit-queue.ts";
import { insertJob } from "./insert-job.ts";
import { pauseSchedule } from "./pause-schedule.ts";
import type { KnownPluginSets } from "./plugin-set.ts";
import { findOpenJob, findSlot, insertSlots, pruneSlots, removeSlot } from "./schedule-slots.ts";

export function createAdvanceSchedule(known: KnownPluginSets): Operation<"advanceSchedule"> {
  return async (tx, from, { passed, run, next, now, maxQueued }) => {
    const row = await findSchedule(tx, from);
    if (row === undefined) return { kind: "stale" };
    if (run?.trigger === "buffer" && row.buffered_slot !== run.slot) return { kind: "stale" };
    const decision = run === null ? KNOWN : await decide(tx, { row, run }, { now, maxQueued });
    if (isRefusal(decision)) return decision;
    const record = decision.kind === "known" ? null : decision.record;
    if (decision.kind === "job") await insertJob(tx, decision.job, { known });
    await insertSlots(
      tx,
      row.seq,
      passed.map((each) => toRecord(each, now)),
    );
    if (record !== null) {
      if (!record.isManual) await removeSlot(tx, row.seq, record.slot);
      await insertSlots(tx, row.seq, [record]);
    }
    const lastPassed = passed.at(-1)?.slot ?? null;
    const columns = advancedColumns(row, { run, record, lastPassed, next });
    const isRefused = record?.state === "refused";
    const failures = row.failures + (isRefused ? 1 : 0);
    await tx.query(
      `UPDATE schedules SET next_slot = $2, due_at = $3, decided_slot = $4, fired_slot = $5,
         buffered_slot = $6, failures = $7 WHERE seq = $1`,
      [
        row.seq,
        next?.slot ?? null,
        next?.dueAt ?? null,
        columns.decidedSlot,
        columns.firedSlot,
        columns.bufferedSlot,
        failures,
      ],
    );
    const reason = isRefused ? pauseReason(row, failures, record.detail ?? "") : null;
    if (reason !== null) {
      const paused = { ...row, buffered_slot: columns.bufferedSlot };
      await pauseSchedule(tx, paused, { by: "failures", reason, at: now });
    }
    await pruneSlots(tx, row.seq);
    const { state: slot = null, jobId = null } = record ?? {};
    return { kind: "advanced", slot, jobId, isPaused: reason !== null };
  };
}

async function decide(
  tx: Transaction,
  { row, run }: { row: ScheduleRow; run: SlotRun },
  { now, maxQueued }: { now: number; maxQueued: number },
): Promise<SlotDecision | Refusal> {
  const known = await findSlot(tx, row.seq, run.slot);
  const openJob = await findOpenJob(tx, row.seq);
  const decision = decideSlot(row, run, { known, openJob, now });
  const refusal = decision.kind === "job" ? await whyNot(tx, decision.job, maxQueued) : null;
  return refusal ?? decision;
}

async function whyNot(tx: Transaction, job: NewJob, maxQueued: number): Promise<Refusal | null> {
  const queued = tx.queued();
  if (queued >= maxQueued) return { kind: "queue-full", queued };
  const full = await findFullLimit(tx, [job]);
  if (full !== null) return full;
  const missing = await findMissingFile(tx, job.files ?? []);
  return missing === null ? null : { kind: "no-file", id: missing };
}
