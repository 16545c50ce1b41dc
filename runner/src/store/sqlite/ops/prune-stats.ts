import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function preparePruneStats(db: DatabaseSync): Operations["pruneStats"] {
  const find = prepare<{ at: number; key: string }>(
    db,
    `SELECT at, key FROM stats WHERE series = ? AND at < ? ORDER BY at, key LIMIT ?`,
  );
  const remove = prepare(db, `DELETE FROM stats WHERE series = ? AND at = ? AND key = ?`);
  return ({ series, before, limit }) => {
    const old = find.all(series, before, limit);
    for (const { at, key } of old) remove.run(series, at, key);
    return old.length;
  };
}
