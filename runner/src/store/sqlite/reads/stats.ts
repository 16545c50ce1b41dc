import type { DatabaseSync } from "node:sqlite";
import type { Counts, StatRow, StatSeries } from "../../../ports/store/stats.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

interface Row {
  readonly series: StatSeries;
  readonly at: number;
  readonly key: string;
  readonly counts: string;
}

const SELECT_STATS = `SELECT series, at, key, counts FROM stats WHERE series = ?`;

export function prepareReadStats(db: DatabaseSync): StoreReads["stats"] {
  const findAll = prepare<Row>(db, `${SELECT_STATS} AND at BETWEEN ? AND ? ORDER BY at, key`);
  const findInstants = prepare<{ at: number }>(
    db,
    `SELECT min(at) AS at FROM stats WHERE series = ? AND at > ? AND at <= ?`,
  );
  const findOne = prepare<Row>(db, `${SELECT_STATS} AND at = ? AND key = ?`);

  /** A series can have thousands of keys in each hour: only the wanted ones are read. */
  function* findKeys(
    { series, from, to }: { series: StatSeries; from: number; to: number },
    keys: readonly string[],
  ): Generator<Row> {
    let at = findInstants.get(series, from - 1, to)?.at ?? null;
    while (at !== null) {
      for (const key of keys) {
        const row = findOne.get(series, at, key);
        if (row !== undefined) yield row;
      }
      at = findInstants.get(series, at, to)?.at ?? null;
    }
  }

  return async ({ keys, ...range }) => {
    const { series, from, to } = range;
    const rows = keys === undefined ? findAll.all(series, from, to) : [...findKeys(range, keys)];
    return rows.map(toStatRow);
  };
}

function toStatRow({ series, at, key, counts }: Row): StatRow {
  return { series, at, key, counts: JSON.parse(counts) as Counts };
}
