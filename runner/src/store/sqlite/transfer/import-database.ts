/** Fills a new database from an export. */
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { CannotOpen } from "../../cannot-open.ts";
import type { Sequences, TransferTarget } from "../../shared/transfer/database-transfer.ts";
import type { Cell, TableName } from "../../shared/transfer/tables.ts";
import { lockDatabase } from "../lock.ts";
import { makePrivate } from "../make-private.ts";
import { migrate } from "../migrate.ts";
import { EARLIEST_DUE_AT } from "../ops/destinations.ts";
import { chooseIncremental } from "../return-free-space.ts";
import { syncToDisk } from "../sync-to-disk.ts";

/** A file that is not complete is removed, so that it needs no journal. It is synced once, at its end. */
const WITHOUT_JOURNAL = `PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;`;

/** Columns without a default that are not in an export. `finish` sets them. */
const PLACEHOLDERS: Readonly<Partial<Record<TableName, Readonly<Record<string, number>>>>> = {
  batches: { open_jobs: 0 },
};

/** What triggers do not make when rows are inserted. */
const DERIVED = [
  `UPDATE batches SET
     jobs = (SELECT count(*) FROM batch_jobs WHERE batch = batches.seq),
     completed_jobs = (SELECT count(*) FROM batch_jobs JOIN jobs ON jobs.seq = job
       WHERE batch = batches.seq AND status = 'completed'),
     failed_jobs = (SELECT count(*) FROM batch_jobs JOIN jobs ON jobs.seq = job
       WHERE batch = batches.seq AND status = 'failed'),
     open_jobs = (SELECT count(DISTINCT job) FROM batch_jobs JOIN jobs ON jobs.seq = job
       WHERE batch = batches.seq AND ended_at IS NULL)`,
  `UPDATE destinations SET ready_at = ${EARLIEST_DUE_AT}`,
];

/**
 * The database gets its name when `work` has ended, and is then on disk. Until then it is a file beside it,
 * which an error removes, and the next call if this one is killed. Rejects with `CannotOpen` if there is a
 * database, or a daemon uses it.
 */
export async function importDatabase<T>(
  path: string,
  work: (target: TransferTarget) => Promise<T>,
): Promise<T> {
  const unlock = lockDatabase(path);
  const part = `${path}.import`;
  try {
    // SQLite would apply a WAL that is left to the new database.
    const found = [path, `${path}-wal`].find((file) => existsSync(file));
    if (found !== undefined) {
      throw new CannotOpen(
        "STORE_NOT_EMPTY",
        `The database ${found} exists. Nothing was changed. Choose another data folder: an import makes a new database.`,
      );
    }
    await rm(part, { force: true });
    makePrivate(part);
    const result = await fill(part, work);
    syncToDisk(part);
    await rename(part, path);
    syncToDisk(dirname(path));
    return result;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    unlock();
  }
}

async function fill<T>(part: string, work: (target: TransferTarget) => Promise<T>): Promise<T> {
  const db = new DatabaseSync(part);
  try {
    chooseIncremental(db);
    db.exec(WITHOUT_JOURNAL);
    migrate(db);
    db.exec("BEGIN");
    const result = await work(toTarget(db));
    db.exec("COMMIT");
    return result;
  } finally {
    db.close();
  }
}

function toTarget(db: DatabaseSync): TransferTarget {
  let last: { key: string; statement: StatementSync } | null = null;

  function prepareInsert(table: TableName, columns: readonly string[]): StatementSync {
    const key = [table, ...columns].join(" ");
    if (last?.key === key) return last.statement;
    const more = PLACEHOLDERS[table] ?? {};
    const names = [...columns, ...Object.keys(more)].join(", ");
    const values = [...columns.map(() => "?"), ...Object.values(more)].join(", ");
    const statement = db.prepare(`INSERT INTO ${table} (${names}) VALUES (${values})`);
    last = { key, statement };
    return statement;
  }

  return {
    async insert({ table, columns }, rows) {
      const statement = prepareInsert(table, columns);
      for (const row of rows) statement.run(...row.map(toInput));
    },
    async finish(sequences) {
      for (const sql of DERIVED) db.exec(sql);
      setSequences(db, sequences);
    },
  };
}

function toInput(cell: Cell): SQLInputValue {
  return typeof cell === "boolean" ? Number(cell) : cell;
}

/** Only those of tables with AUTOINCREMENT are stored. The others give the number after the largest. */
function setSequences(db: DatabaseSync, sequences: Sequences): void {
  const isKept = db.prepare(
    `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? AND sql LIKE '%AUTOINCREMENT%'`,
  );
  const raise = db.prepare(`UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1`);
  const add = db.prepare(`INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)`);
  for (const [table, last] of Object.entries(sequences)) {
    if (isKept.get(table) === undefined) continue;
    if (raise.run(table, last).changes === 0) add.run(table, last);
  }
}
