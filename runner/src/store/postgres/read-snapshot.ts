import { connect } from "./connect.ts";
import type { Session, SessionOptions } from "./session.ts";

/** Where the tables are. */
export type Place = Pick<SessionOptions, "url" | "schema">;

/** Reads one snapshot of a database, while daemons run or not. Rejects with `CannotOpen` if it cannot be opened. */
export async function readSnapshot<T>(
  place: Place,
  read: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await connect({ ...place, pipeline: false });
  try {
    // Commands read whole tables: the plans and the limit of a daemon's statements would hinder them.
    await session.run(
      `RESET ALL; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0`,
    );
    if (place.schema !== null) {
      await session.query(`SELECT set_config('search_path', $1, true)`, [place.schema]);
    }
    return await read(session);
  } finally {
    await session.close();
  }
}
