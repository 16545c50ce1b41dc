import { CannotOpen } from "../cannot-open.ts";
import { connect } from "./connect.ts";
import { maskUrl } from "./mask-url.ts";
import type { Session, SessionOptions } from "./session.ts";
import { whyNotOpened } from "./why-not-opened.ts";

/** Where the tables are. */
export type Place = Pick<SessionOptions, "url" | "schema">;

/** Reads one snapshot of a database, while daemons run or not. Rejects with `CannotOpen` if it cannot be read. */
export async function readSnapshot<T>(
  place: Place,
  read: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await connect({ ...place, pipeline: false, limits: "none" });
  try {
    await session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    return await read(session);
  } catch (cause) {
    if (cause instanceof CannotOpen) throw cause;
    const where = maskUrl(place.url);
    throw new CannotOpen(
      "STORE_UNREACHABLE",
      `The database ${where} cannot be read: ${whyNotOpened(cause)}`,
      { cause },
    );
  } finally {
    await session.close();
  }
}
