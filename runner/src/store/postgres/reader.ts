/** Reads, on sessions of their own: they never wait for a write group. A lost session is replaced. */
import { isConnectionLost, toUnreachable } from "./store-error.ts";
import type { Session } from "./session.ts";
import type { Value } from "./text.ts";

export type Query = <Row>(sql: string, values?: readonly Value[]) => Promise<Row[]>;

export interface Reader {
  readonly query: Query;
  /** Runs several statements on one snapshot. Calls take turns. */
  readonly snapshot: <T>(read: (query: Query) => Promise<T>) => Promise<T>;
  close(): Promise<void>;
}

export function createReader(open: () => Promise<Session>): Reader {
  const single = createSlot(open, null);
  const shared = createSlot(open, null);
  let last: Promise<unknown> = Promise.resolve();

  async function readSnapshot<T>(read: (query: Query) => Promise<T>): Promise<T> {
    const session = await shared.get().catch(rethrow);
    const fail = failOf(session);
    await session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").catch(fail);
    try {
      return await read((sql, values) => session.query(sql, values).catch(fail));
    } finally {
      if (session.isOpen()) await session.run("COMMIT").catch(fail);
    }
  }

  return {
    query: async (sql, values) => {
      const session = await single.get().catch(rethrow);
      return session.query(sql, values).catch(failOf(session));
    },
    snapshot(read) {
      const result = last.then(() => readSnapshot(read));
      last = result.catch(() => {});
      return result;
    },
    async close() {
      await last;
      await Promise.all([single.close(), shared.close()]);
    },
  };
}

function rethrow(error: unknown): never {
  throw toUnreachable(error);
}

/** Gives up a session that does not answer. It may still be open. */
function failOf(session: Session): (error: unknown) => Promise<never> {
  return async (error) => {
    if (isConnectionLost(error)) await session.close();
    return rethrow(error);
  };
}

interface Slot {
  /** Returns the open session, or opens one. */
  get(): Promise<Session>;
  close(): Promise<void>;
}

/** Holds one session. Without a first one, it is opened when it is needed. */
export function createSlot(open: () => Promise<Session>, first: Session | null): Slot {
  let current = first === null ? null : Promise.resolve(first);

  function reopen(): Promise<Session> {
    const opening = open();
    current = opening;
    opening.catch(() => {
      if (current === opening) current = null;
    });
    return opening;
  }

  return {
    async get() {
      const session = current === null ? null : await current.catch(() => null);
      return session?.isOpen() === true ? session : reopen();
    },
    async close() {
      const session = await current?.catch(() => null);
      await session?.close();
    },
  };
}
