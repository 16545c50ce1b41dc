/** Changes what is sealed in a database, while no daemon uses it. */
import type { SealedDatabase } from "../../ports/sealed-database.ts";
import {
  createResealing,
  RESEAL_ROWS,
  SEALED_COLUMNS,
  type Resealing,
  type SealedColumn,
  type SealedRow,
} from "../shared/sealed-columns.ts";
import { connect } from "./connect.ts";
import { keepDaemonsOut } from "./daemons-up.ts";
import { migrate } from "./migrate.ts";
import type { Place } from "./read-snapshot.ts";
import type { Session } from "./session.ts";

/**
 * Does the work in one transaction, during which no daemon can write. Rejects with `CannotOpen` if the
 * database cannot be reached, or a daemon is up. Brings it to the newest schema first.
 */
export async function withSealedDatabase<T>(
  place: Place,
  work: (database: SealedDatabase) => Promise<T>,
): Promise<T> {
  const session = await connect({ ...place, pipeline: false, limits: "none" });
  try {
    await migrate(session);
    await session.run("BEGIN");
    await keepDaemonsOut(session);
    const result = await work(toSealedDatabase(session));
    await session.run("COMMIT");
    return result;
  } finally {
    // Closing rolls back what was not committed.
    await session.close();
  }
}

function toSealedDatabase(session: Session): SealedDatabase {
  return {
    async meta(key) {
      const [row] = await session.query<{ value: string }>(
        `SELECT value FROM meta WHERE key = $1`,
        [key],
      );
      return row?.value ?? null;
    },
    async setMeta(key, value) {
      await session.query(`UPDATE meta SET value = $2 WHERE key = $1`, [key, value]);
    },
    async reseal(reseal) {
      const resealing = createResealing(reseal);
      for (const column of SEALED_COLUMNS) await resealColumn(session, column, resealing);
      return resealing.result();
    },
  };
}

async function resealColumn(
  session: Session,
  column: SealedColumn,
  resealing: Resealing,
): Promise<void> {
  const { table, id } = column;
  let last = 0;
  for (;;) {
    const rows = await session.query<SealedRow>(
      `SELECT seq, ${id} AS id, sealed FROM ${table} WHERE seq > $1 AND sealed <> ''
       ORDER BY seq LIMIT ${RESEAL_ROWS}`,
      [last],
    );
    const resealed = resealing.rows(rows, column);
    await session.query(
      `UPDATE ${table} SET sealed = given.sealed
       FROM unnest($1::bigint[], $2::text[]) AS given (seq, sealed)
       WHERE ${table}.seq = given.seq`,
      [resealed.map(({ seq }) => seq), resealed.map(({ sealed }) => sealed)],
    );
    last = rows.at(-1)?.seq ?? last;
    if (rows.length < RESEAL_ROWS) return;
  }
}
