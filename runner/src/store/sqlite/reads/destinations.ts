import type { DatabaseSync } from "node:sqlite";
import type { DueDestination } from "../../../ports/store/destinations.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

interface DestinationRow {
  readonly id: number;
  readonly key: string;
  readonly rate_per_second: number | null;
  readonly failures: number;
  readonly wake_at: number;
}

const SELECT_DESTINATIONS = `SELECT id, key, rate_per_second, failures, wake_at
  FROM destinations INDEXED BY destinations_ready
  WHERE ready_at IS NOT NULL`;

export function prepareReadDueDestinations(db: DatabaseSync): StoreReads["dueDestinations"] {
  const find = prepare<DestinationRow>(
    db,
    `${SELECT_DESTINATIONS} AND wake_at <= ? ORDER BY wake_at, served LIMIT ?`,
  );
  return async ({ now, limit, except }) => {
    const excluded = new Set(except);
    return find
      .all(now, limit + excluded.size)
      .filter(({ id }) => !excluded.has(id))
      .slice(0, limit)
      .map(({ id, key, rate_per_second: ratePerSecond, failures }): DueDestination => ({
        id,
        key,
        ratePerSecond,
        failuresInRow: failures,
      }));
  };
}

export function prepareReadNextDestinationDue(db: DatabaseSync): StoreReads["nextDestinationDue"] {
  const find = prepare<DestinationRow>(
    db,
    `${SELECT_DESTINATIONS} AND wake_at IS NOT NULL ORDER BY wake_at, served LIMIT ?`,
  );
  return async ({ except }) => {
    const excluded = new Set(except);
    return find.all(excluded.size + 1).find(({ id }) => !excluded.has(id))?.wake_at ?? null;
  };
}
