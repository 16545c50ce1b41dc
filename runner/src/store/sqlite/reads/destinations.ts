import type { DatabaseSync } from "node:sqlite";
import type { DueLane } from "../../../ports/store/destinations.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
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
  const find = prepare<LaneRow>(
    db,
    `${SELECT_LANES} AND wake_at <= ? ORDER BY wake_at, turn LIMIT ?`,
  );
  return async ({ now, limit, except }) => {
    const excluded = new Set(except);
    return find
      .all(now, limit + excluded.size)
      .filter(({ id }) => !excluded.has(id))
      .slice(0, limit)
      .map(({ id, key, rate_per_second: ratePerSecond }): DueLane => ({ id, key, ratePerSecond }));
  };
}

export function prepareReadNextLaneDue(db: DatabaseSync): StoreReads["nextLaneDue"] {
  const find = prepare<LaneRow>(
    db,
    `${SELECT_LANES} AND wake_at IS NOT NULL ORDER BY wake_at, turn LIMIT ?`,
  );
  return async ({ except }) => {
    const excluded = new Set(except);
    return find.all(excluded.size + 1).find(({ id }) => !excluded.has(id))?.wake_at ?? null;
  };
}
