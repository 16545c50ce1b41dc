import type { DueShift } from "../../../ports/store/upkeep.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { wakeAll } from "./limits.ts";

/** Rows that one slice moves. More would make other changes wait for it. */
const SLICE_SIZE = 250;

/** The key in `meta` of the last shift. */
const LAST = "clock-shift";

/** How far the slices have come: a step, and the last row of it that was moved. */
interface Place {
  readonly step: number;
  readonly at: number;
  readonly id: number;
}

/** Stored, so that daemons that share a clock move each row once, and one goes on where another has died. */
interface Shift {
  readonly now: number;
  readonly byMs: number;
  /** Null when everything was moved. */
  readonly place: Place | null;
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
    find: `SELECT job AS id, until_at AS at FROM job_keys
      WHERE until_at IS NOT NULL AND (until_at, job) > ($1, $2)
      ORDER BY until_at, job LIMIT $3`,
    // The instant at which a debounced job is due is as far away as its window's end.
    update: `WITH moved AS (
        UPDATE job_keys SET until_at = until_at + $2 WHERE job = ANY ($1::bigint[])
        RETURNING job, kind
      )
      UPDATE jobs SET run_at = run_at + $2 FROM moved
      WHERE seq = moved.job AND kind = 'debounce' AND status = 'queued' AND NOT due
        AND failed_attempts = 0`,
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

/** The first step whose rows come in the order of their keys. */
const FIRST_BY_ID = 3;

export const shiftDue: Operation<"shiftDue"> = async (tx, request) => {
  const { now, byMs, after } = request;
  if (after === null) tx.onCommit(() => tx.turns.shift({ now, byMs }));
  const shift = toShift(request, await readLast(tx));
  if (shift.place === null) return null;
  if (shift.place.step === 0 && isFirst(shift)) await shiftLimits(tx, shift);
  const place = await move(tx, shift, shift.place);
  const next = JSON.stringify({ ...shift, place });
  await tx.query(
    `INSERT INTO meta (key, value) VALUES ($1, $2)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    [LAST, next],
  );
  return place === null ? null : next;
};

/** Whether nothing was moved yet. */
function isFirst({ now, place }: Shift): boolean {
  return place?.at === now && place.id === Number.MAX_SAFE_INTEGER;
}

/** Rates are looked at again, and correct themselves. A pause that ends at a given instant still does. */
async function shiftLimits(tx: Transaction, { now, byMs }: Shift): Promise<void> {
  await wakeAll(tx, now);
  await tx.query(
    `UPDATE limit_states SET paused_until = paused_until + $2 WHERE is_span = 1 AND paused_until > $1`,
    [now, byMs],
  );
}

/** The shift to go on with. No other write group runs meanwhile. */
function toShift({ now, byMs, since, after }: DueShift, last: Shift | null): Shift {
  if (after !== null) {
    const own = JSON.parse(after) as Shift;
    return last?.now === own.now && last.byMs === own.byMs ? last : own;
  }
  const isSame = since !== undefined && last !== null && last.now >= since && last.now <= now;
  return isSame ? last : { now, byMs, place: firstOf(0, now) };
}

async function readLast(tx: Transaction): Promise<Shift | null> {
  const [row] = await tx.query<{ value: string }>(`SELECT value FROM meta WHERE key = $1`, [LAST]);
  return row === undefined ? null : (JSON.parse(row.value) as Shift);
}

/** Before the first row of a step. Jobs at the instant itself are not moved. */
function firstOf(step: number, now: number): Place {
  return { step, at: now, id: step < FIRST_BY_ID ? Number.MAX_SAFE_INTEGER : 0 };
}

/** Returns the place behind the slice, or null at the end. */
async function move(tx: Transaction, { now, byMs }: Shift, from: Place): Promise<Place | null> {
  let place = from;
  let limit = SLICE_SIZE;
  while (place.step < STEPS.length) {
    const rows = await moveSlice(tx, place, { now, byMs, limit });
    const last = rows.at(-1);
    if (rows.length === limit && last !== undefined) return { ...place, ...last };
    limit -= rows.length;
    place = firstOf(place.step + 1, now);
  }
  return null;
}

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
