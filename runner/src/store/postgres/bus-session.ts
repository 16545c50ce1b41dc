import type { Clock } from "../../ports/clock.ts";
import { CannotOpen } from "../cannot-open.ts";
import { connect } from "./connect.ts";
import { maskUrl } from "./mask-url.ts";
import type { SessionOptions } from "./session.ts";
import { toUnreachable } from "./store-error.ts";

/** An answer that takes longer comes from a server that is not there. */
const TIMEOUT_MS = 3_000;

/** The server's instant, and two of the monotonic clock between which it was measured. */
export interface ServerTime {
  readonly now: number;
  readonly from: number;
  readonly to: number;
}

export interface BusSession {
  /** Aborts when the connection is lost or closed. */
  readonly lost: AbortSignal;
  /** Measured when the session was opened. */
  readonly time: ServerTime;
  notify(payloads: readonly string[]): Promise<void>;
  /** Rejects if the session does not get notifications any more. */
  check(): Promise<ServerTime>;
  close(): Promise<void>;
}

/** Notifications reach the whole database. Daemons with tables in another schema are strangers. */
const CHANNEL = `'playground_' || md5(current_schema())`;

const NOTIFY = `SELECT pg_notify(${CHANNEL}, payload) FROM unnest($1::text[]) AS payload`;

const CHECK = `SELECT pg_is_in_recovery() AS standby,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
    EXISTS (SELECT FROM pg_listening_channels() AS channel WHERE channel = ${CHANNEL}) AS listens`;

interface Check {
  readonly standby: boolean;
  readonly listens: boolean;
  readonly now: number;
}

/** Opens a session that listens. Rejects with `CannotOpen`. */
export async function openBusSession({
  clock,
  ...options
}: Pick<SessionOptions, "url" | "schema" | "onNotification"> & {
  readonly clock: Pick<Clock, "monotonic">;
}): Promise<BusSession> {
  const lost = new AbortController();
  const session = await connect({ ...options, pipeline: false, onEnd: () => lost.abort() });

  async function check(): Promise<ServerTime> {
    const from = clock.monotonic();
    const [row] = await inTime(session.query<Check>(CHECK));
    if (row === undefined || !row.listens || row.standby) {
      throw new CannotOpen(
        "STORE_UNSUPPORTED",
        `The database ${maskUrl(options.url)} passes no notifications on: it is a standby, or behind a pooler. Give the address of the primary, or let the pooler keep a connection for each session (PgBouncer: pool_mode = session).`,
      );
    }
    return { now: row.now, from, to: clock.monotonic() };
  }

  try {
    const [listen] = await session.query<{ sql: string }>(
      `SELECT format('LISTEN %I; SET synchronous_commit = off', ${CHANNEL}) AS sql`,
    );
    await session.run(listen?.sql ?? "");
    return {
      lost: lost.signal,
      time: await check(),
      notify: async (payloads) => void (await inTime(session.query(NOTIFY, [payloads]))),
      check,
      close: () => session.close(),
    };
  } catch (error) {
    await session.close();
    throw error instanceof CannotOpen ? error : toUnreachable(error);
  }
}

/** Rejects if the answer does not come in time. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`The server did not answer in ${TIMEOUT_MS} ms.`)),
    TIMEOUT_MS,
  );
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
    // A late error has nobody to tell.
    answer.catch(() => {});
  }
}
