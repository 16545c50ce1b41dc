/**
 * Keeps the rows of `destinations` current, in the transaction that changes a delivery. `ready_at`
 * is the earliest `due_at` of the destination's deliveries that can be claimed, so that one index
 * gives the order in which destinations are served.
 */
import type { DatabaseSync } from "node:sqlite";
import type { DestinationSpec } from "../../../ports/store/destinations.ts";
import { prepare } from "../statement.ts";

export interface Destinations {
  /** Returns the id of the destination with this key, and sets its rate. */
  findOrCreate(spec: DestinationSpec): number;
  /** For a delivery that became claimable from `at`. */
  lowerReadyAt(destination: number, at: number): void;
  /** Ends a pause at `now`. The destination keeps its place in the order of service. */
  resume(destination: number, now: number): void;
  /** For a delivery that was released: if it probed an open circuit, the next one can. */
  endProbe(delivery: { readonly destination: number; readonly id: number }): void;
  /** For deliveries that can no longer be claimed, or only later than before. */
  recomputeReadyAt(destination: number): void;
}

/** An SQL expression for `ready_at`, in a statement on `destinations`. */
export const EARLIEST_DUE_AT = `(
  SELECT min(at) FROM (
    SELECT min(due_at) AS at FROM deliveries INDEXED BY deliveries_first
    WHERE destination = destinations.id AND state = 'due' AND lease_owner IS NULL AND attempts = 0
    UNION ALL
    SELECT min(due_at) FROM deliveries INDEXED BY deliveries_retries
    WHERE destination = destinations.id AND state = 'due' AND lease_owner IS NULL AND attempts > 0
  )
)`;

export function prepareDestinations(db: DatabaseSync): Destinations {
  const find = prepare<{ id: number; rate_per_second: number | null }>(
    db,
    `SELECT id, rate_per_second FROM destinations WHERE key = ?`,
  );
  const insert = prepare(db, `INSERT INTO destinations (key, rate_per_second) VALUES (?, ?)`);
  const setRate = prepare(db, `UPDATE destinations SET rate_per_second = ? WHERE id = ?`);
  const lower = prepare(
    db,
    `UPDATE destinations SET ready_at = ?2 WHERE id = ?1 AND (ready_at IS NULL OR ready_at > ?2)`,
  );
  const resume = prepare(
    db,
    `UPDATE destinations SET paused_until = min(paused_until, ?), probe = NULL WHERE id = ?`,
  );
  const endProbe = prepare(
    db,
    `UPDATE destinations SET paused_until = 0, probe = NULL WHERE id = ? AND probe = ?`,
  );
  const recompute = prepare(
    db,
    `UPDATE destinations SET ready_at = ${EARLIEST_DUE_AT} WHERE id = ?`,
  );

  return {
    findOrCreate({ key, ratePerSecond }) {
      const known = find.get(key);
      if (known === undefined) return Number(insert.run(key, ratePerSecond).lastInsertRowid);
      if (known.rate_per_second !== ratePerSecond) setRate.run(ratePerSecond, known.id);
      return known.id;
    },
    lowerReadyAt: (destination, at) => void lower.run(destination, at),
    resume: (destination, now) => void resume.run(now, destination),
    endProbe: ({ destination, id }) => void endProbe.run(destination, id),
    recomputeReadyAt: (destination) => void recompute.run(destination),
  };
}
