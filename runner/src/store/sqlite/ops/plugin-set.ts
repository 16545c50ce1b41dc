import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";

/** Returns the set of a job's plugins, whatever their order. Stores a set that is new. */
export function prepareFindPluginSet(db: DatabaseSync): (plugins: readonly string[]) => number {
  const find = prepare<{ id: number }>(db, `SELECT id FROM plugin_sets WHERE names = ?`);
  const insertSet = prepare(db, `INSERT INTO plugin_sets (names) VALUES (?)`);
  const insertMember = prepare(
    db,
    `INSERT INTO plugin_set_members (plugin, plugin_set) VALUES (?, ?)`,
  );
  return (plugins) => {
    const distinct = [...new Set(plugins)].toSorted();
    const names = JSON.stringify(distinct);
    const known = find.get(names);
    if (known !== undefined) return known.id;
    const id = Number(insertSet.run(names).lastInsertRowid);
    for (const plugin of distinct) insertMember.run(plugin, id);
    return id;
  };
}
