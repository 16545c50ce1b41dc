/** Changes what is sealed in a database, while no daemon uses it. */
import type { DatabaseSync } from "node:sqlite";
import type { SealedDatabase } from "../../ports/sealed-database.ts";
import {
  createResealing,
  RESEAL_ROWS,
  SEALED_COLUMNS,
  type Resealing,
  type SealedColumn,
  type SealedRow,
} from "../shared/sealed-columns.ts";
import { openWriter } from "./connection.ts";
import { lockDatabase } from "./lock.ts";
import { migrate } from "./migrate.ts";
import { prepareSetMeta } from "./ops/set-meta.ts";
import { prepareReadMeta } from "./reads/meta.ts";
import { prepare } from "./statement.ts";

/**
 * Does the work in one transaction, which is on disk when this resolves. Rejects with `CannotOpen` if a
 * daemon uses the database. Brings it to the newest schema first.
 */
export async function withSealedDatabase<T>(
  path: string,
  work: (database: SealedDatabase) => Promise<T>,
): Promise<T> {
  const unlock = lockDatabase(path);
  try {
    // What was sealed with the old key is not left in free pages.
    const db = openWriter(path, { secureDelete: true });
    try {
      migrate(db);
      db.exec("BEGIN IMMEDIATE");
      const result = await work(toSealedDatabase(db));
      db.exec("COMMIT");
      return result;
    } finally {
      // Closing rolls back what was not committed.
      db.close();
    }
  } finally {
    unlock();
  }
}

function toSealedDatabase(db: DatabaseSync): SealedDatabase {
  const setMeta = prepareSetMeta(db);
  return {
    meta: prepareReadMeta(db),
    setMeta: async (key, value) => setMeta(key, value),
    async reseal(reseal) {
      const resealing = createResealing(reseal);
      for (const column of SEALED_COLUMNS) resealColumn(db, column, resealing);
      return resealing.result();
    },
  };
}

function resealColumn(db: DatabaseSync, column: SealedColumn, resealing: Resealing): void {
  const { table, id } = column;
  const read = prepare<SealedRow>(
    db,
    `SELECT seq, ${id} AS id, sealed FROM ${table} WHERE seq > ? AND sealed <> ''
     ORDER BY seq LIMIT ${RESEAL_ROWS}`,
  );
  const write = prepare(db, `UPDATE ${table} SET sealed = ? WHERE seq = ?`);
  let last = 0;
  for (;;) {
    const rows = read.all(last);
    for (const { seq, sealed } of resealing.rows(rows, column)) write.run(sealed, seq);
    last = rows.at(-1)?.seq ?? last;
    if (rows.length < RESEAL_ROWS) return;
  }
}
