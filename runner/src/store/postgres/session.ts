/** One connection to PostgreSQL. Statements are prepared once, and sent without waiting for each other. */
import type { Socket } from "node:net";
import pg from "pg";
import { toText, type Value } from "./text.ts";

/**
 * So that a plan does not depend on statistics, which can be old: every statement has an index to
 * follow. A generic plan made on an empty table would otherwise read a whole table for ever.
 */
const PLANS = ["seqscan", "hashjoin", "mergejoin", "bitmapscan", "sort", "incremental_sort"]
  .map((name) => `SET enable_${name} = off;`)
  .join(" ");

/**
 * Reading a row counts for more than finding it. Otherwise, as long as a table is small, a whole index
 * is read instead of a few places in it, and the plan stays while the table grows.
 */
const COSTS = `SET random_page_cost = 1; SET cpu_tuple_cost = 1; SET cpu_index_tuple_cost = 1;`;

/**
 * A frozen daemon must not keep its row locks. Times are in milliseconds: a transaction that waits
 * for its client, a lock, one statement.
 */
const LIMITS = `SET idle_in_transaction_session_timeout = 3000; SET lock_timeout = 2000;
  SET statement_timeout = 10000;`;

/**
 * For statements that can take hours, as in a migration or a check. They still wait for a lock no longer:
 * whoever needs the table after them would wait too.
 */
const NO_LIMITS = `SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 10000;
  SET statement_timeout = 0;`;

const SETTINGS = `SET synchronous_commit = on; SET client_min_messages = warning;`;

/** Of each kind of session. */
const SETTINGS_WITH = {
  daemon: `${PLANS} ${COSTS} ${LIMITS} SET jit = off; SET plan_cache_mode = force_generic_plan; ${SETTINGS}`,
  none: `${NO_LIMITS} ${SETTINGS}`,
};

/** No answer in this time: the connection is dead. Longer than the server's own limits. */
const QUERY_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A server that is reached ends a connection at once. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Without a limit for answers, the system's probes notice a dead connection. Its own default is two hours. */
const KEEP_ALIVE_MS = 10_000;

const { INT8 } = pg.types.builtins;
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    id === INT8 ? Number : (pg.types.getTypeParser(id, format) as (value: string) => unknown),
};

export interface SessionOptions {
  readonly url: string;
  /** The schema of Playground's tables; null for the connection's default. */
  readonly schema: string | null;
  /** Whether statements are sent before the ones before them are answered. */
  readonly pipeline: boolean;
  /** `none` for commands and migrations, whose statements read and write whole tables. */
  readonly limits?: "daemon" | "none";
  /** Called with the payload of each notification of the channels that the session listens to. */
  readonly onNotification?: (payload: string) => void;
  /** Called once, when the connection is lost or closed. */
  readonly onEnd?: () => void;
}

export interface Session {
  /** Runs a statement with parameters, which is prepared at its first use. */
  query<Row = never>(sql: string, values?: readonly Value[]): Promise<Row[]>;
  /** Runs statements without parameters. Returns the name of the last command. */
  run(sql: string): Promise<string>;
  /** Whether statements can still be sent. */
  isOpen(): boolean;
  close(): Promise<void>;
}

/** Errors do not contain the URL. `pg` reads a URL with a `%` that encodes nothing in another way than others. */
function parseUrl(url: string): URL {
  const parsed = URL.parse(url.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"));
  if (parsed === null) throw new Error("The URL of the database is not valid.");
  return parsed;
}

/** So that each sslmode means what it means in other programs: `pg` would check the certificate in all of them. */
function withLibpqModes(url: string): string {
  const withModes = parseUrl(url);
  if (withModes.searchParams.has("sslmode")) withModes.searchParams.set("uselibpqcompat", "true");
  return withModes.href;
}

export async function openSession(options: SessionOptions): Promise<Session> {
  const { schema, pipeline, limits = "daemon", onNotification, onEnd } = options;
  const client = new pg.Client({
    connectionString: withLibpqModes(options.url),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...(limits === "daemon" && { query_timeout: QUERY_TIMEOUT_MS }),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    fallback_application_name: "playground",
    types,
    // Of `pg` since 8.23.0; not yet in its types.
    ...({ pipeline } as object),
  });
  let isOpen = true;
  let hasEnded = false;
  const lose = (): void => {
    isOpen = false;
    if (hasEnded) return;
    hasEnded = true;
    onEnd?.();
  };
  // Without a listener, a lost connection would end the process. Its statements are rejected.
  client.on("error", lose);
  client.on("end", lose);
  client.on("notification", ({ payload }) => onNotification?.(payload ?? ""));
  try {
    await client.connect();
    await client.query(SETTINGS_WITH[limits]);
    if (schema !== null) {
      await client.query(`SET search_path = ${client.escapeIdentifier(schema)}`);
    }
  } catch (error) {
    await end(client);
    throw error;
  }
  const names = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();
  let isCollecting = false;

  /** Sends at once, or after the answer to the statement before. */
  function inTurn<T>(send: () => Promise<T>): Promise<T> {
    if (pipeline) {
      collectWrites();
      return send();
    }
    const answer = last.then(send);
    last = answer.catch(() => {});
    return answer;
  }

  /** What is sent until all work that can go on now has is written at once, which saves system calls. */
  function collectWrites(): void {
    if (isCollecting) return;
    isCollecting = true;
    const socket = socketOf(client);
    socket.cork();
    process.nextTick(() => {
      isCollecting = false;
      socket.uncork();
    });
  }

  function nameOf(sql: string): string {
    let name = names.get(sql);
    if (name === undefined) names.set(sql, (name = `s${names.size}`));
    return name;
  }

  return {
    async query<Row>(sql: string, values: readonly Value[] = []) {
      const config = { name: nameOf(sql), text: sql, values: values.map(toText) };
      const result = await inTurn(() => client.query(config));
      return result.rows as Row[];
    },
    async run(sql) {
      const result: pg.QueryResult | pg.QueryResult[] = await inTurn(() => client.query(sql));
      return (Array.isArray(result) ? result.at(-1) : result)?.command ?? "";
    },
    isOpen: () => isOpen,
    async close() {
      isOpen = false;
      await end(client);
    },
  };
}

/** Never rejects. */
async function end(client: pg.Client): Promise<void> {
  // The socket is closed only when the server has answered, which it does not if the network is dead.
  const timer = setTimeout(() => socketOf(client).destroy(), CLOSE_TIMEOUT_MS);
  await client.end().catch(() => {});
  clearTimeout(timer);
}

/** Not in the types of `pg`. With TLS, it is another one than at the start. */
function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
