/** Reads one snapshot of a database for an export, while daemons write or not. */
import { CannotOpen } from "../../cannot-open.ts";
import type { ListedContent } from "../../shared/database-report.ts";
import type { Sequences, TransferSource } from "../../shared/transfer/database-transfer.ts";
import {
  TABLE_NAMES,
  tableOf,
  type ColumnType,
  type TableName,
} from "../../shared/transfer/tables.ts";
import { recognize } from "../check-database.ts";
import { connect } from "../connect.ts";
import { countDaemonsUp } from "../daemons-up.ts";
import { maskUrl } from "../mask-url.ts";
import { readMigrations } from "../migrate.ts";
import type { Place } from "../read-snapshot.ts";
import type { Query } from "../reader.ts";
import type { Session } from "../session.ts";
import { whyNotOpened } from "../why-not-opened.ts";
import { readRows, type RowRead } from "./read-rows.ts";

/** So that rows come from the index of the key, from which a cursor reads on at any time. */
const BY_INDEX = `SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;
  SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
  SET LOCAL jit = off`;

/**
 * Rejects with `CannotOpen` if the database cannot be read, has no tables of Playground, or their schema is
 * not this program's.
 */
export async function exportDatabase<T>(
  place: Place,
  work: (source: TransferSource) => Promise<T>,
): Promise<T> {
  const session = await connect({ ...place, pipeline: false, limits: "none" });
  try {
    return await work(await toSource(session, maskUrl(place.url)));
  } finally {
    await session.close();
  }
}

async function toSource(session: Session, where: string): Promise<TransferSource> {
  const fail = (cause: unknown): never => {
    throw new CannotOpen(
      "STORE_UNREACHABLE",
      `The database ${where} cannot be read: ${whyNotOpened(cause)}`,
      { cause },
    );
  };
  const query: Query = (sql, values) => session.query(sql, values).catch(fail);
  const run = (sql: string): Promise<string> => session.run(sql).catch(fail);

  await run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  await run(BY_INDEX);
  if ((await recognize({ query })) < readMigrations().length) {
    throw new CannotOpen(
      "STORE_TOO_OLD",
      `An earlier version of Playground wrote the database ${where}. Start a daemon of this version on it once, which upgrades it, or export it with that version.`,
    );
  }
  return {
    isInUse: (await countDaemonsUp({ query })) > 0,
    async meta(key) {
      const [row] = await query<{ value: string }>(`SELECT value FROM meta WHERE key = $1`, [key]);
      return row?.value ?? null;
    },
    rows: (table) => readRows({ query, run }, toRead(table)),
    sequences: () => readSequences(query),
    contents: () => query<ListedContent>(`SELECT sha256, size FROM file_contents`),
  };
}

/** The tables without all of the columns of an export, with what has the others. */
const JOINED: Readonly<Partial<Record<TableName, string>>> = {
  job_specs: `job_specs JOIN jobs ON jobs.seq = job
    LEFT JOIN idempotency_keys ON kind = 'job' AND subject_id = jobs.id AND NOT joined`,
  batches: `batches LEFT JOIN idempotency_keys ON kind = 'batch' AND subject_id = batches.id`,
  joined_requests: `(SELECT idempotency_keys.key AS idempotency_key, fingerprint, seq AS job
      FROM idempotency_keys JOIN jobs ON kind = 'job' AND subject_id = jobs.id
      WHERE joined) AS joined_requests`,
};

const KEY = { idempotency_key: "idempotency_keys.key" };
const RENAMED: Readonly<Partial<Record<TableName, Readonly<Record<string, string>>>>> = {
  job_specs: KEY,
  batches: KEY,
};

const TO_CELL: Readonly<Record<ColumnType, (column: string) => string>> = {
  bool: (column) => column,
  int: (column) => column,
  lease: (column) => `CASE WHEN ${column} IS NOT NULL THEN 0 END`,
  names: (column) => `array_to_json(${column})::text`,
  real: (column) => column,
  text: (column) => column,
};

function toRead(table: TableName): RowRead {
  const { columns, key } = tableOf(table);
  const cells = Object.entries(columns).map(([name, type]) => ({
    sql: TO_CELL[type](RENAMED[table]?.[name] ?? name),
    isText: type === "text" || type === "names",
  }));
  return {
    name: table,
    from: JOINED[table] ?? table,
    columns: cells.map(({ sql }) => sql),
    texts: cells.filter(({ isText }) => isText).map(({ sql }) => sql),
    key,
  };
}

/** A sequence can be ahead of the snapshot, which does no harm. */
async function readSequences(query: Query): Promise<Sequences> {
  const sequences: Partial<Record<TableName, number>> = {};
  for (const name of TABLE_NAMES) {
    const { sequence } = tableOf(name);
    if (sequence === undefined) continue;
    const [row] = await query<{ last: number | null }>(
      `SELECT pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass) AS last`,
      [name, sequence],
    );
    if (typeof row?.last === "number") sequences[name] = row.last;
  }
  return sequences;
}
