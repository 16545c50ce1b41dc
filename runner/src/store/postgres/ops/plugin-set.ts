import type { Transaction } from "../transaction.ts";

/** Keys of plugin sets by their names. Sets are few and never change. */
export type KnownPluginSets = Map<string, number>;

/** Returns the set of a job's plugins, whatever their order. Stores a set that is new. */
export async function findPluginSet(
  tx: Transaction,
  known: KnownPluginSets,
  plugins: readonly string[],
): Promise<number> {
  const distinct = [...new Set(plugins)].toSorted();
  const names = JSON.stringify(distinct);
  const remembered = known.get(names);
  if (remembered !== undefined) return remembered;
  await tx.query(`INSERT INTO plugin_sets (names) VALUES ($1) ON CONFLICT (names) DO NOTHING`, [
    names,
  ]);
  const [row] = await tx.query<{ id: number }>(`SELECT id FROM plugin_sets WHERE names = $1`, [
    names,
  ]);
  const id = row?.id ?? 0;
  await tx.query(
    `INSERT INTO plugin_set_members (plugin, plugin_set) SELECT plugin, $2 FROM unnest($1::text[]) AS plugin
     ON CONFLICT DO NOTHING`,
    [distinct, id],
  );
  tx.onCommit(() => known.set(names, id));
  return id;
}
