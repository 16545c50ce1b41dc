/** The rows of slots, in the operations on schedules. Their schedule's row is locked. */
import { KEPT_SLOTS } from "../../../domain/schedule.ts";
import type { SlotRecord, SlotRow } from "../../shared/stored-schedule.ts";
import type { Transaction } from "../transaction.ts";

export async function findSlot(
  tx: Transaction,
  schedule: number,
  slot: number,
): Promise<Pick<SlotRow, "state"> | undefined> {
  const [row] = await tx.query<Pick<SlotRow, "state">>(
    `SELECT state FROM schedule_slots WHERE schedule = $1 AND slot = $2`,
    [schedule, slot],
  );
  return row;
}

export async function findOpenJob(tx: Transaction, schedule: number): Promise<string | null> {
  const [row] = await tx.query<{ job_id: string }>(
    `SELECT job_id FROM schedule_slots WHERE schedule = $1 AND job_state = 'open'
     ORDER BY seq LIMIT 1`,
    [schedule],
  );
  return row?.job_id ?? null;
}

export async function removeSlot(tx: Transaction, schedule: number, slot: number): Promise<void> {
  await tx.query(`DELETE FROM schedule_slots WHERE schedule = $1 AND slot = $2`, [schedule, slot]);
}

/** A slot that was decided before keeps its row. */
export async function insertSlots(
  tx: Transaction,
  schedule: number,
  records: readonly SlotRecord[],
): Promise<void> {
  for (const record of records) {
    await tx.query(
      `INSERT INTO schedule_slots (schedule, slot, manual, state, reason, detail, due_at,
         decided_at, job_id, job_state)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
      [
        schedule,
        record.slot,
        record.isManual,
        record.state,
        record.reason,
        record.detail,
        record.dueAt,
        record.decidedAt,
        record.jobId,
        record.job,
      ],
    );
  }
}

/** Keeps the newest rows, and those that wait or whose job has not ended. */
export async function pruneSlots(tx: Transaction, schedule: number): Promise<void> {
  await tx.query(
    `WITH gone AS (
       DELETE FROM schedule_slots WHERE schedule = $1 AND seq <= (
         SELECT seq FROM schedule_slots WHERE schedule = $1 ORDER BY seq DESC LIMIT 1 OFFSET ${KEPT_SLOTS}
       ) AND state <> 'buffered' AND job_state IS DISTINCT FROM 'open'
       RETURNING slot, manual
     ), newest AS (SELECT max(slot) AS slot FROM gone WHERE NOT manual)
     UPDATE schedules SET pruned_slot = greatest(pruned_slot, newest.slot)
     FROM newest WHERE seq = $1 AND newest.slot IS NOT NULL`,
    [schedule],
  );
}
