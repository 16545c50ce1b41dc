import type { Counts, StatRow } from "../../../ports/store/stats.ts";
import type { Operation } from "../change.ts";

interface Place {
  readonly series: string;
  readonly at: number;
  readonly key: string;
}

const placeOf = ({ series, at, key }: Place): string => JSON.stringify([series, at, key]);

/** Locks the rows in one order: other daemons add to the same ones. */
const LOCK = `SELECT locked.*
  FROM unnest($1::text[], $2::bigint[], $3::text[]) AS wanted (series, at, key)
    CROSS JOIN LATERAL (
      SELECT series, at, key, counts FROM stats
      WHERE stats.series = wanted.series AND stats.at = wanted.at AND stats.key = wanted.key
      FOR UPDATE
    ) AS locked`;

export const addStats: Operation<"addStats"> = async (tx, rows) => {
  const sums = sumUp(rows);
  const columns = [
    sums.map(({ series }) => series),
    sums.map(({ at }) => at),
    sums.map(({ key }) => key),
  ];
  await tx.query(
    `INSERT INTO stats (series, at, key, counts)
     SELECT series, at, key, '{}'
       FROM unnest($1::text[], $2::bigint[], $3::text[]) AS wanted (series, at, key)
     ON CONFLICT DO NOTHING`,
    columns,
  );
  const stored = await tx.query<Place & { readonly counts: string }>(LOCK, columns);
  const before = new Map(stored.map((row) => [placeOf(row), JSON.parse(row.counts) as Counts]));
  await tx.query(
    `UPDATE stats SET counts = added.counts
     FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
       AS added (series, at, key, counts)
     WHERE stats.series = added.series AND stats.at = added.at AND stats.key = added.key`,
    [
      ...columns,
      sums.map((row) => JSON.stringify(add(before.get(placeOf(row)) ?? {}, row.counts))),
    ],
  );
};

/** One row for each place, in the order in which they are locked. */
function sumUp(rows: readonly StatRow[]): StatRow[] {
  const sums = new Map<string, StatRow>();
  for (const row of rows) {
    const place = placeOf(row);
    const known = sums.get(place);
    sums.set(place, known === undefined ? row : { ...row, counts: add(known.counts, row.counts) });
  }
  return [...sums.values()].toSorted(
    (a, b) => compare(a.series, b.series) || a.at - b.at || compare(a.key, b.key),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function add(stored: Counts, counts: Counts): Counts {
  const sum: Record<string, number> = { ...stored };
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

export const pruneStats: Operation<"pruneStats"> = async (tx, { series, before, limit }) => {
  const pruned = await tx.query(
    `WITH old AS MATERIALIZED (
       SELECT series, at, key FROM stats WHERE series = $1 AND at < $2 ORDER BY at, key LIMIT $3
     )
     DELETE FROM stats USING old
     WHERE stats.series = old.series AND stats.at = old.at AND stats.key = old.key
     RETURNING stats.at`,
    [series, before, limit],
  );
  return pruned.length;
};
