/** Reads what an export would contain, and copies it into another store. */
import type {
  Sequences,
  TransferSource,
  TransferTarget,
} from "../../src/store/shared/transfer/database-transfer.ts";
import {
  TABLE_NAMES,
  tableOf,
  type Row,
  type TableName,
} from "../../src/store/shared/transfer/tables.ts";

export interface Transferred {
  readonly rows: Readonly<Record<TableName, readonly Row[]>>;
  readonly sequences: Sequences;
}

export async function readTransfer(source: TransferSource): Promise<Transferred> {
  const rows = {} as Record<TableName, Row[]>;
  for (const table of TABLE_NAMES) {
    rows[table] = [];
    // The tokens of an SQLite database are in a file.
    if (table === "tokens") continue;
    for await (const row of source.rows(table)) rows[table].push(row);
  }
  return { rows, sequences: await source.sequences() };
}

export async function writeTransfer(
  target: TransferTarget,
  { rows, sequences }: Transferred,
): Promise<void> {
  for (const table of TABLE_NAMES) {
    if (rows[table].length === 0) continue;
    await target.insert({ table, columns: Object.keys(tableOf(table).columns) }, rows[table]);
  }
  await target.finish(sequences);
}

/** The columns of an export, by table. */
export function exportedColumns(): Record<string, string[]> {
  return Object.fromEntries(TABLE_NAMES.map((name) => [name, Object.keys(tableOf(name).columns)]));
}

/** The columns that are in one list and not in the other, as `table.column`. */
export function differences(
  one: Record<string, readonly string[]>,
  other: Record<string, readonly string[]>,
): string[] {
  const known = new Set(namesIn(other));
  return namesIn(one)
    .filter((name) => !known.has(name))
    .toSorted();
}

function namesIn(tables: Record<string, readonly string[]>): string[] {
  return Object.entries(tables).flatMap(([table, columns]) =>
    columns.map((column) => `${table}.${column}`),
  );
}
