import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SessionReads, SessionWrites, StoredSession } from "../../ports/store/sessions.ts";
import type { StoredSessions } from "../../ports/stored-sessions.ts";
import type { Messages } from "../bus/messages.ts";

/** More sessions end the oldest ones. */
const MAX_SESSIONS = 1_000;

/** Between two reads for sessions that are not known: anybody can send a cookie. */
const LOOK_EVERY_MS = 50;

/** Requests that wait for such a read. For more, a session that is not known is none. */
const MAX_LOOKING = 1_000;

/**
 * The sessions in the store. `get` returns them without a read, because each request of a browser looks for
 * its own. A change by another daemon is known when it is told, or within a second. Behind a load balancer
 * the request after a login can come here before that: then `look` reads. While the store cannot be read,
 * what was known last stays.
 */
export function createStoreSessions(deps: {
  store: SessionReads & SessionWrites;
  bus: Pick<Bus, "state">;
  messages: Pick<Messages, "publish">;
  clock: Clock;
  stopping: AbortSignal;
}): StoredSessions {
  const { store, bus, messages, clock, stopping } = deps;
  let known: ReadonlyMap<string, StoredSession> = new Map();
  let changes = 0;
  let looking = 0;
  let lookedAt = -Infinity;
  let nextLook: Promise<void> | null = null;

  function change(to: readonly StoredSession[]): void {
    known = byId(to);
    changes += 1;
    messages.publish({ kind: "sessions" });
  }

  async function read(): Promise<void> {
    let before: number;
    let stored: readonly StoredSession[];
    do {
      before = changes;
      stored = await store.sessions();
      // Read before a change of this daemon, perhaps.
    } while (changes !== before);
    known = byId(stored);
  }

  /** Those that look before it begins share it. */
  async function readLater(): Promise<void> {
    const waitMs = Math.max(0, lookedAt + LOOK_EVERY_MS - clock.monotonic());
    await clock.sleep(waitMs, { signal: stopping });
    nextLook = null;
    lookedAt = clock.monotonic();
    await read();
  }

  return {
    get: (id) => known.get(id),
    look(id) {
      if (bus.state() === "alone" || known.has(id) || looking >= MAX_LOOKING) return null;
      looking += 1;
      nextLook ??= readLater();
      return nextLook.finally(() => void (looking -= 1));
    },
    read,
    async add(session) {
      const now = clock.now();
      await store.addSession(session, { now, maxSessions: MAX_SESSIONS });
      const kept = [...known.values()].filter(({ expiresAt }) => expiresAt > now);
      change([...kept, session].slice(-MAX_SESSIONS));
    },
    async remove(id) {
      await store.removeSession(id);
      change([...known.values()].filter((session) => session.id !== id));
    },
  };
}

function byId(sessions: readonly StoredSession[]): ReadonlyMap<string, StoredSession> {
  return new Map(sessions.map((session) => [session.id, session]));
}
