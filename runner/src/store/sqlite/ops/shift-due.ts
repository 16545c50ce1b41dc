import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { EARLIEST_DUE_AT } from "./destinations.ts";

/** Rows that one slice moves. More would make other changes wait for it. */
const SLICE_SIZE = 250;

/**
 * How far the slices have come: through the jobs that wait for a plugin, those that wait for a retry, the keys
 * that are kept for a time, and each destination's deliveries.
 * Rows are moved back in the order of their instants, so that none is met twice.
 */
interface Place {
  /** The destination that is next; 0 while jobs are moved. */
  readonly destination: number;
  readonly kind: 0 | 1 | 2;
  readonly at: number;
  readonly id: number;
}

interface Row {
  readonly id: number;
  readonly at: number;
}

/** Moves rows behind a place. Returns the last one if there can be more. */
type Move = (place: Place, by: { byMs: number; limit: number }) => { moved: number; last?: Row };

export function prepareShiftDue(db: DatabaseSync): Operations["shiftDue"] {
  // So that they are due immediately when they are released. They are few.
  const shiftLeased = prepare(
    db,
    `UPDATE deliveries INDEXED BY deliveries_leased SET due_at = due_at + ?2
     WHERE lease_owner IS NOT NULL AND due_at > ?1`,
  );
  // Rates are looked at again, and correct themselves. A pause that ends at a given instant still does.
  const wakeLimits = prepare(db, `UPDATE limit_states SET wake_at = 0 WHERE wake_at > ?`);
  const shiftPauses = prepare(
    db,
    `UPDATE limit_states INDEXED BY limit_states_paused SET paused_until = paused_until + ?2
     WHERE paused_at IS NOT NULL AND is_span = 1 AND paused_until > ?1`,
  );
  const moveJobs = [prepareMoveWaits(db), prepareMoveRetries(db), prepareMoveKeys(db)];
  const moveDeliveries = ["first", "retries"].map((kind) => prepareMoveDeliveries(db, kind));
  const findDestination = prepare<{ id: number }>(
    db,
    `SELECT id FROM destinations WHERE id >= ? ORDER BY id LIMIT 1`,
  );
  // Idle destinations too: the instant they were last served is one of the old clock.
  const shiftDestination = prepare(
    db,
    `UPDATE destinations SET ready_at = ${EARLIEST_DUE_AT},
       paused_until = iif(paused_until > ?1, paused_until + ?2, paused_until),
       held_since = iif(held_since > ?1, held_since + ?2, held_since),
       refilled_at = iif(refilled_at > ?1, refilled_at + ?2, refilled_at)
     WHERE id = ?3`,
  );
  const recompute = prepare(
    db,
    `UPDATE destinations SET ready_at = ${EARLIEST_DUE_AT} WHERE id = ?`,
  );

  return ({ now, byMs, after }) => {
    const begin = (destination: number): Place => ({
      destination,
      kind: 0,
      at: now,
      id: Number.MAX_SAFE_INTEGER,
    });
    let place = after === null ? begin(0) : (JSON.parse(after) as Place);
    if (after === null) {
      shiftLeased.run(now, byMs);
      wakeLimits.run(now);
      shiftPauses.run(now, byMs);
    }
    let limit = SLICE_SIZE;
    while (place.destination === 0) {
      const { moved, last } = moveJobs[place.kind]!(place, { byMs, limit });
      if (last !== undefined) return JSON.stringify({ ...place, ...last });
      limit -= moved;
      place = place.kind === 2 ? begin(1) : { ...begin(0), kind: place.kind === 0 ? 1 : 2 };
    }
    while (limit > 0) {
      const found = findDestination.get(place.destination);
      if (found === undefined) return null;
      if (found.id !== place.destination) place = begin(found.id);
      const { moved, last } = moveDeliveries[place.kind]!(place, { byMs, limit });
      limit -= moved;
      if (last !== undefined) {
        recompute.run(found.id);
        place = { ...place, ...last };
      } else if (place.kind === 0) {
        place = { ...begin(found.id), kind: 1 };
      } else {
        shiftDestination.run(now, byMs, found.id);
        limit -= 1;
        place = begin(found.id + 1);
      }
    }
    return JSON.stringify(place);
  };
}

function prepareMoveWaits(db: DatabaseSync): Move {
  return prepareMove(db, {
    find: `SELECT seq AS id, waiting_since AS at FROM jobs INDEXED BY jobs_waiting_longest
      WHERE ?1 IS NOT NULL AND waiting_since IS NOT NULL AND (waiting_since, seq) > (?2, ?3) ORDER BY waiting_since, seq LIMIT ?4`,
    update: `UPDATE jobs SET waiting_since = waiting_since + ?
      WHERE seq IN (SELECT value FROM json_each(?))`,
  });
}

function prepareMoveRetries(db: DatabaseSync): Move {
  return prepareMove(db, {
    find: `SELECT seq AS id, run_at AS at FROM jobs INDEXED BY jobs_retrying
      WHERE ?1 IS NOT NULL AND status = 'queued' AND due = 0 AND failed_attempts > 0
        AND (run_at, seq) > (?2, ?3) ORDER BY run_at, seq LIMIT ?4`,
    update: `UPDATE jobs SET run_at = run_at + ?
      WHERE seq IN (SELECT value FROM json_each(?))`,
  });
}

function prepareMoveKeys(db: DatabaseSync): Move {
  return prepareMove(db, {
    find: `SELECT job AS id, until_at AS at FROM job_keys INDEXED BY job_keys_until
      WHERE ?1 IS NOT NULL AND until_at IS NOT NULL AND (until_at, job) > (?2, ?3) ORDER BY until_at, job LIMIT ?4`,
    update: `UPDATE job_keys SET until_at = until_at + ?
      WHERE job IN (SELECT value FROM json_each(?))`,
    // The instant at which a debounced job is due is as far away as its window's end.
    alsoUpdate: `UPDATE jobs SET run_at = run_at + ?1
      WHERE seq IN (SELECT value FROM json_each(?2)) AND status = 'queued' AND due = 0
        AND failed_attempts = 0 AND EXISTS (
          SELECT 1 FROM job_keys WHERE job = seq AND kind = 'debounce'
        )`,
  });
}

function prepareMoveDeliveries(db: DatabaseSync, kind: string): Move {
  const condition = kind === "first" ? "attempts = 0" : "attempts > 0";
  return prepareMove(db, {
    find: `SELECT id, due_at AS at FROM deliveries INDEXED BY deliveries_${kind}
      WHERE destination = ?1 AND state = 'due' AND lease_owner IS NULL AND ${condition}
        AND (due_at, id) > (?2, ?3) ORDER BY due_at, id LIMIT ?4`,
    update: `UPDATE deliveries SET due_at = due_at + ?
      WHERE id IN (SELECT value FROM json_each(?))`,
  });
}

function prepareMove(
  db: DatabaseSync,
  sql: { find: string; update: string; alsoUpdate?: string },
): Move {
  const find = prepare<Row>(db, sql.find);
  const updates = [sql.update, sql.alsoUpdate ?? []].flat().map((update) => prepare(db, update));
  return ({ destination, at, id }, { byMs, limit }) => {
    const rows = find.all(destination, at, id, limit);
    const ids = JSON.stringify(rows.map((row) => row.id));
    if (rows.length > 0) for (const update of updates) update.run(byMs, ids);
    const last = rows.at(-1);
    const isFull = rows.length === limit && last !== undefined;
    return { moved: rows.length, ...(isFull && { last }) };
  };
}
