import { Transient } from "../../domain/errors.ts";
import { CannotOpen } from "../cannot-open.ts";
import { maskUrl } from "./mask-url.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";
import { whyNotOpened } from "./why-not-opened.ts";

/** The oldest supported version, as PostgreSQL counts. */
const OLDEST = 150_000;

/** Opens a session on a primary. Rejects with `CannotOpen` if there is none, or it is not supported. */
export async function connect(options: SessionOptions): Promise<Session> {
  const where = maskUrl(options.url);
  let session: Session | null = null;
  try {
    session = await openSession(options);
    await check(session, where);
    return session;
  } catch (cause) {
    await session?.close();
    if (cause instanceof CannotOpen) throw cause;
    throw new CannotOpen(
      "STORE_UNREACHABLE",
      `The database ${where} cannot be opened: ${whyNotOpened(cause)}`,
      { cause },
    );
  }
}

interface Server {
  readonly version: number;
  readonly name: string;
  readonly standby: boolean;
  readonly encoding: string;
  readonly schema: string | null;
}

async function check(session: Session, where: string): Promise<void> {
  const [server] = await session.query<Server>(
    `SELECT current_setting('server_version_num')::integer AS version,
       current_setting('server_version') AS name, pg_is_in_recovery() AS standby,
       current_setting('server_encoding') AS encoding, current_schema() AS schema`,
  );
  if (server === undefined) throw new Transient("STORE_UNREACHABLE", "The server did not answer.");
  const why = whyNotSupported(server);
  if (why !== null) throw new CannotOpen("STORE_UNSUPPORTED", `The database ${where} ${why}`);
}

function whyNotSupported({ version, name, standby, encoding, schema }: Server): string | null {
  if (version < OLDEST) {
    return `is on PostgreSQL ${name}. Playground needs PostgreSQL 15 or later.`;
  }
  if (standby) {
    return "is on a standby, which cannot be written. Give the address of the primary.";
  }
  if (encoding !== "UTF8") {
    return `has the encoding ${encoding}. Create one with \`CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0\`.`;
  }
  if (schema === null) {
    return "has no schema for the tables: of the user's search_path none exists that the user may use. Create one, or grant USAGE and CREATE on it.";
  }
  return null;
}
