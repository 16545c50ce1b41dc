/**
 * Lanes, kept within the transaction of whatever changes a delivery: a lane's `ready_at` is the
 * least `due_at` of its deliveries that can be claimed, so that who has a turn is one index's order.
 */
import type { DatabaseSync } from "node:sqlite";
import type { LaneSpec } from "../../../ports/store/destinations.ts";
import { prepare } from "../statement.ts";

export interface Lanes {
  /** The lane of this key, made when there is none. */
  open(spec: LaneSpec): number;
  /** A delivery of the lane can be claimed from the instant on. */
  readyFrom(lane: number, at: number): void;
  /** A hold of the lane is over, now at the latest; its place in the order of turns stays. */
  letGo(lane: number, now: number): void;
  /** Some of the lane's deliveries can be claimed no more, or later than before. */
  refresh(lane: number): void;
}

/** An expression for the `ready_at` of the row of `lanes` that it stands in. */
export const LEAST_DUE_AT = `(
  SELECT min(at) FROM (
    SELECT min(due_at) AS at FROM deliveries INDEXED BY deliveries_first
    WHERE lane = lanes.id AND state = 'due' AND lease_owner IS NULL AND attempts = 0
    UNION ALL
    SELECT min(due_at) FROM deliveries INDEXED BY deliveries_retries
    WHERE lane = lanes.id AND state = 'due' AND lease_owner IS NULL AND attempts > 0
  )
)`;

export function prepareLanes(db: DatabaseSync): Lanes {
  const find = prepare<{ id: number; rate_per_second: number | null }>(
    db,
    `SELECT id, rate_per_second FROM lanes WHERE key = ?`,
  );
  const insert = prepare(db, `INSERT INTO lanes (key, rate_per_second) VALUES (?, ?)`);
  const setRate = prepare(db, `UPDATE lanes SET rate_per_second = ? WHERE id = ?`);
  const lower = prepare(
    db,
    `UPDATE lanes SET ready_at = ?2 WHERE id = ?1 AND (ready_at IS NULL OR ready_at > ?2)`,
  );
  const letGo = prepare(db, `UPDATE lanes SET hold_until = min(hold_until, ?) WHERE id = ?`);
  const refresh = prepare(db, `UPDATE lanes SET ready_at = ${LEAST_DUE_AT} WHERE id = ?`);

  return {
    open({ key, ratePerSecond }) {
      const known = find.get(key);
      if (known === undefined) return Number(insert.run(key, ratePerSecond).lastInsertRowid);
      if (known.rate_per_second !== ratePerSecond) setRate.run(ratePerSecond, known.id);
      return known.id;
    },
    readyFrom: (lane, at) => void lower.run(lane, at),
    letGo: (lane, now) => void letGo.run(now, lane),
    refresh: (lane) => void refresh.run(lane),
  };
}
