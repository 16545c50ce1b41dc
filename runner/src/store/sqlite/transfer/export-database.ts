/** Reads one snapshot of a database for an export, while a daemon writes or not. */
import type { DatabaseSync } from "node:sqlite";
import { CannotOpen } from "../../cannot-open.ts";
import type { Sequences, TransferSource } from "../../shared/transfer/database-transfer.ts";
import {
  isTableName,
  tableOf,
  type Cell,
  type ColumnType,
  type Row,
  type TableName,
} from "../../shared/transfer/tables.ts";
import { recognize } from "../check-database.ts";
import { openReader } from "../connection.ts";
import { readContents } from "../list-contents.ts";
import { lockDatabase } from "../lock.ts";
import { readMigrations } from "../migrate.ts";
import { prepareReadMeta } from "../reads/meta.ts";

/**
 * Rejects with `CannotOpen` if the file is not a database of Playground, or of another schema than this
 * program's. The tokens are not in the database.
 */
export async function exportDatabase<T>(
  path: string,
  work: (source: TransferSource) => Promise<T>,
): Promise<T> {
  const isInUse = isLocked(path);
  const db = openReader(path);
  try {
    db.exec("BEGIN");
    // The snapshot is that of the first read.
    if (recognize(db, path) < readMigrations().length) {
      throw new CannotOpen(
        "STORE_TOO_OLD",
        `An earlier version of Playground wrote ${path}. Start a daemon of this version on it once, which upgrades it, or export it with that version.`,
      );
    }
    return await work({
      isInUse,
      meta: prepareReadMeta(db),
      rows: (table) => readRows(db, table),
      sequences: async () => readSequences(db),
      contents: async () => readContents(db),
    });
  } finally {
    db.close();
  }
}

function isLocked(path: string): boolean {
  try {
    lockDatabase(path)();
    return false;
  } catch (error) {
    if (error instanceof CannotOpen && error.code === "STORE_IN_USE") return true;
    throw error;
  }
}

const SAME = (value: Cell): Cell => value;

const TO_CELL: Readonly<Record<ColumnType, (value: Cell) => Cell>> = {
  bool: (value) => value === 1,
  lease: (value) => (value === null ? null : 0),
  int: SAME,
  names: SAME,
  real: SAME,
  text: SAME,
};

function* readRows(db: DatabaseSync, table: TableName): Generator<Row> {
  const { columns, key } = tableOf(table);
  const toCells = Object.values(columns).map((type) => TO_CELL[type]);
  const read = db.prepare(
    `SELECT ${Object.keys(columns).join(", ")} FROM ${table} ORDER BY ${key.join(", ")}`,
  );
  read.setReturnArrays(true);
  for (const row of read.iterate() as unknown as Iterable<Cell[]>) {
    yield row.map((value, index) => (toCells[index] ?? SAME)(value));
  }
}

function readSequences(db: DatabaseSync): Sequences {
  const rows = db.prepare(`SELECT name, seq FROM sqlite_sequence`).all();
  return Object.fromEntries(
    rows.filter(({ name }) => isTableName(name)).map(({ name, seq }) => [name, Number(seq)]),
  );
}
