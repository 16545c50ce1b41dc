import type { DatabaseSync } from "node:sqlite";
import type { Counts } from "../../../ports/store/stats.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareAddStats(db: DatabaseSync): Operations["addStats"] {
  const find = prepare<{ counts: string }>(
    db,
    `SELECT counts FROM stats WHERE series = ? AND at = ? AND key = ?`,
  );
  const store = prepare(
    db,
    `INSERT INTO stats (series, at, key, counts) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET counts = excluded.counts`,
  );
  return (rows) => {
    for (const { series, at, key, counts } of rows) {
      const stored = find.get(series, at, key);
      const sum = stored === undefined ? counts : add(JSON.parse(stored.counts) as Counts, counts);
      store.run(series, at, key, JSON.stringify(sum));
    }
  };
}

function add(stored: Counts, counts: Counts): Counts {
  const sum: Record<string, number> = { ...stored };
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
