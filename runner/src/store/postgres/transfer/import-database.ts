/** Fills an empty database from an export, in one transaction. */
import { CannotOpen } from "../../cannot-open.ts";
import type { Sequences, TransferTarget } from "../../shared/transfer/database-transfer.ts";
import {
  TABLE_NAMES,
  tableOf,
  type Cell,
  type ColumnType,
  type Row,
  type TableName,
} from "../../shared/transfer/tables.ts";
import { connect } from "../connect.ts";
import { keepDaemonsOut } from "../daemons-up.ts";
import { maskUrl } from "../mask-url.ts";
import { migrate } from "../migrate.ts";
import type { Place } from "../read-snapshot.ts";
import type { Session } from "../session.ts";
import { whyNotOpened } from "../why-not-opened.ts";
import { DERIVED } from "./derived.ts";

/** What one statement gets. */
const MAX_ROWS = 500;
const MAX_CHARACTERS = 4 * 1024 * 1024;

/**
 * Makes the tables if they are missing. Rejects with `CannotOpen` if there are rows, a daemon uses the
 * database, or it cannot be written.
 */
export async function importDatabase<T>(
  place: Place,
  work: (target: TransferTarget) => Promise<T>,
): Promise<T> {
  const where = maskUrl(place.url);
  const fail = (cause: unknown): never => {
    if (cause instanceof CannotOpen) throw cause;
    throw new CannotOpen(
      "STORE_UNREACHABLE",
      `Nothing was imported into the database ${where}: ${whyNotOpened(cause)}`,
      { cause },
    );
  };
  const session = await connect({ ...place, pipeline: false, limits: "none" });
  try {
    await begin(session, where).catch(fail);
    const result = await work({
      insert: ({ table, columns }, rows) => insert(session, { table, columns }, rows).catch(fail),
      finish: (sequences) => finish(session, sequences).catch(fail),
    });
    if ((await session.run("COMMIT").catch(fail)) !== "COMMIT")
      fail(new Error("It was rolled back."));
    return result;
  } finally {
    // Closing rolls back what was not committed.
    await session.close();
  }
}

async function begin(session: Session, where: string): Promise<void> {
  await migrate(session);
  await session.run("BEGIN");
  await keepDaemonsOut(session);
  for (const table of OWN_TABLES) {
    const [row] = await session.query<{ found: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM ${table}) AS found`,
    );
    if (row?.found !== true) continue;
    throw new CannotOpen(
      "STORE_NOT_EMPTY",
      `The database ${where} is not empty: its table ${table} has rows. Nothing was changed. Make another database, such as with createdb: a daemon that starts on one fills it.`,
    );
  }
}

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  bool: "boolean",
  int: "bigint",
  lease: "bigint",
  names: "text",
  real: "double precision",
  text: "text",
};

/** Columns of an export that are in a table of their own, and what fills it from `given`. */
const APART: Readonly<
  Partial<Record<TableName, { readonly columns: readonly string[]; readonly sql: string }>>
> = {
  job_specs: keysOf("job", "(SELECT id FROM jobs WHERE seq = given.job)"),
  batches: keysOf("batch", "given.id"),
};

function keysOf(kind: string, subject: string): { columns: readonly string[]; sql: string } {
  return {
    columns: ["idempotency_key", "fingerprint"],
    sql: `INSERT INTO idempotency_keys (kind, key, subject_id, fingerprint)
      SELECT '${kind}', idempotency_key, ${subject}, fingerprint FROM given
      WHERE idempotency_key IS NOT NULL`,
  };
}

/** Tables of an export whose rows are in another table here, and what fills that from `given`. */
const ELSEWHERE: Readonly<Partial<Record<TableName, string>>> = {
  joined_requests: `INSERT INTO idempotency_keys (kind, key, subject_id, fingerprint, joined)
    SELECT 'job', idempotency_key, (SELECT id FROM jobs WHERE seq = given.job), fingerprint, true
    FROM given`,
};

const OWN_TABLES = TABLE_NAMES.filter((name) => ELSEWHERE[name] === undefined);

/** Columns that an export does not have, from a row in `given`. */
const ADDED: Readonly<
  Partial<Record<TableName, { readonly column: string; readonly sql: string }>>
> = {
  batch_jobs: {
    column: "state",
    sql: `(SELECT CASE WHEN ended_at IS NULL THEN 'open' ELSE status END
        FROM jobs WHERE jobs.seq = given.job)`,
  },
};

async function insert(
  session: Session,
  into: { readonly table: TableName; readonly columns: readonly string[] },
  rows: readonly Row[],
): Promise<void> {
  const sql = toInsert(into);
  for (let at = 0; at < rows.length;) {
    const some = takeSome(rows, at);
    at += some.length;
    await session.query(
      sql,
      into.columns.map((_, index) => some.map((row) => row[index] ?? null)),
    );
  }
}

function toInsert({ table, columns }: { table: TableName; columns: readonly string[] }): string {
  const types: Readonly<Record<string, ColumnType>> = tableOf(table).columns;
  const arrays = columns.map(
    (name, index) => `$${index + 1}::${SQL_TYPES[types[name] ?? "text"]}[]`,
  );
  const [apart, added] = [APART[table], ADDED[table]];
  const own = columns.filter((name) => apart?.columns.includes(name) !== true);
  const values = own.map((name) =>
    types[name] === "names"
      ? `ARRAY(SELECT json_array_elements_text(given.${name}::json))`
      : `given.${name}`,
  );
  const given = `WITH given AS (SELECT * FROM unnest(${arrays.join(", ")}) AS given (${columns.join(", ")}))`;
  const elsewhere = ELSEWHERE[table];
  if (elsewhere !== undefined) return `${given} ${elsewhere}`;
  return `${given}
    ${apart === undefined ? "" : `, apart AS (${apart.sql})`}
    INSERT INTO ${table} (${[...own, ...(added ? [added.column] : [])].join(", ")})
      OVERRIDING SYSTEM VALUE
    SELECT ${[...values, ...(added ? [added.sql] : [])].join(", ")} FROM given`;
}

/** At least one row. */
function takeSome(rows: readonly Row[], from: number): readonly Row[] {
  let characters = 0;
  let to = from;
  while (to < rows.length && to - from < MAX_ROWS) {
    characters += sizeOf(rows[to] ?? []);
    if (characters > MAX_CHARACTERS && to > from) break;
    to += 1;
  }
  return rows.slice(from, to);
}

function sizeOf(row: Row): number {
  const length = (cell: Cell): number => (typeof cell === "string" ? cell.length : 0);
  return row.reduce<number>((sum, cell) => sum + length(cell), 0);
}

async function finish(session: Session, sequences: Sequences): Promise<void> {
  for (const sql of DERIVED) await session.query(sql);
  for (const table of TABLE_NAMES) {
    const { sequence } = tableOf(table);
    if (sequence === undefined) continue;
    await session.query(
      `SELECT setval(pg_get_serial_sequence($1, $2), last) FROM (
         SELECT greatest((SELECT max(${sequence}) FROM ${table}), $3::bigint) AS last
       ) AS known WHERE last IS NOT NULL`,
      [table, sequence, sequences[table] ?? null],
    );
  }
  // The check that follows would otherwise be planned for empty tables.
  await session.run(`ANALYZE ${OWN_TABLES.join(", ")}`);
}
