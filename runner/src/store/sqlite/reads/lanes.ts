import type { DatabaseSync } from "node:sqlite";
import type { DueLane, StoreReads } from "../../../ports/store.ts";
import { prepare } from "../statement.ts";

interface LaneRow {
  readonly id: number;
  readonly key: string;
  readonly rate_per_second: number | null;
  readonly wake_at: number;
}

const SELECT_LANES = `SELECT id, key, rate_per_second, wake_at FROM lanes INDEXED BY lanes_ready
  WHERE ready_at IS NOT NULL`;

export function prepareReadDueLanes(db: DatabaseSync): StoreReads["dueLanes"] {
  const find = prepare<LaneRow>(db, `${SELECT_LANES} AND wake_at <= ? ORDER BY wake_at, turn`);
  return async ({ now, limit, except }) => {
    const lanes: DueLane[] = [];
    const excluded = new Set(except);
    if (limit <= 0) return lanes;
    for (const { id, key, rate_per_second: ratePerSecond } of find.iterate(now)) {
      if (excluded.has(id)) continue;
      lanes.push({ id, key, ratePerSecond });
      if (lanes.length >= limit) break;
    }
    return lanes;
  };
}

export function prepareReadNextLaneDue(db: DatabaseSync): StoreReads["nextLaneDue"] {
  const find = prepare<LaneRow>(
    db,
    `${SELECT_LANES} AND wake_at IS NOT NULL ORDER BY wake_at, turn`,
  );
  return async ({ except }) => {
    const excluded = new Set(except);
    for (const { id, wake_at: wakeAt } of find.iterate()) if (!excluded.has(id)) return wakeAt;
    return null;
  };
}
