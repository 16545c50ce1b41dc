import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";

/** Rows that one slice moves. More would make other changes wait for it. */
const SLICE_SIZE = 250;

/** How far the slices have come: a step, and the last row of it that was moved. */
interface Place {
  readonly step: number;
  readonly at: number;
  readonly id: number;
}

/**
 * Rows are moved back in the order of their instants, so that none is met twice. Deliveries in flight
 * are among them, so that they are due immediately when they are released.
 */
const STEPS: readonly { readonly find: string; readonly update: string }[] = [
  {
    find: `SELECT seq AS id, waiting_since AS at FROM jobs
      WHERE waiting_since IS NOT NULL AND (waiting_since, seq) > ($1, $2)
      ORDER BY waiting_since, seq LIMIT $3`,
    update: `UPDATE jobs SET waiting_since = waiting_since + $2 WHERE seq = ANY ($1::bigint[])`,
  },
  {
    find: `SELECT seq AS id, run_at AS at FROM jobs
      WHERE status = 'queued' AND NOT due AND failed_attempts > 0 AND (run_at, seq) > ($1, $2)
      ORDER BY run_at, seq LIMIT $3`,
    update: `UPDATE jobs SET run_at = run_at + $2 WHERE seq = ANY ($1::bigint[])`,
  },
  {
    find: `SELECT id, due_at AS at FROM deliveries
      WHERE state IN ('waiting', 'due') AND due_at > $4 AND id > $2 AND $1::bigint IS NOT NULL
      ORDER BY id LIMIT $3`,
    update: `UPDATE deliveries SET due_at = due_at + $2 WHERE id = ANY ($1::bigint[])`,
  },
  {
    find: `SELECT id, 0::bigint AS at FROM destinations
      WHERE id > $2 AND $1::bigint IS NOT NULL AND $4::bigint IS NOT NULL ORDER BY id LIMIT $3`,
    update: `UPDATE destinations SET
        paused_until = CASE WHEN paused_until > $3 THEN paused_until + $2 ELSE paused_until END,
        held_since = CASE WHEN held_since > $3 THEN held_since + $2 ELSE held_since END,
        refilled_at = CASE WHEN refilled_at > $3 THEN refilled_at + $2 ELSE refilled_at END
      WHERE id = ANY ($1::bigint[])`,
  },
];

export const shiftDue: Operation<"shiftDue"> = async (tx, { now, byMs, after }) => {
  let place: Place =
    after === null
      ? { step: 0, at: now, id: Number.MAX_SAFE_INTEGER }
      : (JSON.parse(after) as Place);
  if (after === null) tx.onCommit(() => tx.turns.shift({ now, byMs }));
  let limit = SLICE_SIZE;
  while (place.step < STEPS.length) {
    const rows = await moveSlice(tx, place, { now, byMs, limit });
    const last = rows.at(-1);
    if (rows.length === limit && last !== undefined) return JSON.stringify({ ...place, ...last });
    limit -= rows.length;
    place = { step: place.step + 1, at: now, id: 0 };
  }
  return null;
};

async function moveSlice(
  tx: Transaction,
  { step, at, id }: Place,
  { now, byMs, limit }: { now: number; byMs: number; limit: number },
): Promise<{ id: number; at: number }[]> {
  const sql = STEPS[step];
  if (sql === undefined) return [];
  const takesNow = sql.find.includes("$4");
  const rows = await tx.query<{ id: number; at: number }>(sql.find, [
    at,
    id,
    limit,
    ...(takesNow ? [now] : []),
  ]);
  if (rows.length === 0) return rows;
  const ids = rows.map((row) => row.id);
  await tx.query(sql.update, [ids, byMs, ...(sql.update.includes("$3") ? [now] : [])]);
  return rows;
}
