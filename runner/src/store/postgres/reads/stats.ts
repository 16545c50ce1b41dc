import type { Counts, StatSeries } from "../../../ports/store/stats.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import type { Query } from "../reader.ts";

interface Row {
  readonly series: StatSeries;
  readonly at: number;
  readonly key: string;
  readonly counts: string;
}

const FIND_ALL = `SELECT series, at, key, counts FROM stats
  WHERE series = $1 AND at BETWEEN $2 AND $3 ORDER BY at, key`;

/** A series can have thousands of keys in each hour: only the wanted ones are read. */
const FIND_KEYS = `WITH RECURSIVE instant (at) AS (
    (SELECT at FROM stats WHERE series = $1 AND at BETWEEN $2 AND $3 ORDER BY at, key LIMIT 1)
    UNION ALL
    SELECT next.at FROM instant CROSS JOIN LATERAL (
      SELECT at FROM stats WHERE series = $1 AND stats.at > instant.at AND stats.at <= $3
      ORDER BY at, key LIMIT 1
    ) AS next
  )
  SELECT series, stats.at, stats.key, counts
  FROM instant CROSS JOIN unnest($4::text[]) WITH ORDINALITY AS wanted (key, number)
    JOIN stats ON series = $1 AND stats.at = instant.at AND stats.key = wanted.key
  ORDER BY stats.at, number`;

export function createReadStats(query: Query): StoreReads["stats"] {
  return async ({ series, from, to, keys }) => {
    const rows =
      keys === undefined
        ? await query<Row>(FIND_ALL, [series, from, to])
        : await query<Row>(FIND_KEYS, [series, from, to, keys]);
    return rows.map((row) => ({ ...row, counts: JSON.parse(row.counts) as Counts }));
  };
}
