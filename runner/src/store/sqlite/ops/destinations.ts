/**
 * Destinations, kept within the transaction of whatever changes a delivery: a destination's `ready_at` is the
 * least `due_at` of its deliveries that can be claimed, so that who has a turn is one index's order.
 */
import type { DatabaseSync } from "node:sqlite";
import type { DestinationSpec } from "../../../ports/store/destinations.ts";
import { prepare } from "../statement.ts";

export interface Destinations {
  /** The destination of this key, made when there is none. */
  open(spec: DestinationSpec): number;
  /** A delivery of the destination can be claimed from the instant on. */
  readyFrom(destination: number, at: number): void;
  /** A hold of the destination is over, now at the latest; its place in the order of turns stays. */
  resume(destination: number, now: number): void;
  /** Some of the destination's deliveries can be claimed no more, or later than before. */
  refresh(destination: number): void;
}

/** An expression for the `ready_at` of the row of `destinations` that it stands in. */
export const LEAST_DUE_AT = `(
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
    `UPDATE destinations SET paused_until = min(paused_until, ?) WHERE id = ?`,
  );
  const refresh = prepare(db, `UPDATE destinations SET ready_at = ${LEAST_DUE_AT} WHERE id = ?`);

  return {
    open({ key, ratePerSecond }) {
      const known = find.get(key);
      if (known === undefined) return Number(insert.run(key, ratePerSecond).lastInsertRowid);
      if (known.rate_per_second !== ratePerSecond) setRate.run(ratePerSecond, known.id);
      return known.id;
    },
    readyFrom: (destination, at) => void lower.run(destination, at),
    resume: (destination, now) => void resume.run(now, destination),
    refresh: (destination) => void refresh.run(destination),
  };
}
