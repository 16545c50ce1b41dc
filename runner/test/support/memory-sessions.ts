import type { SessionReads, SessionWrites, StoredSession } from "../../src/ports/store/sessions.ts";
import type { StoredSessions } from "../../src/ports/stored-sessions.ts";

/** The part of a store that has sessions. Those of the real ones are in test/conformance. */
export function createMemorySessionStore(): SessionReads & SessionWrites {
  const stored = new Map<string, StoredSession>();
  return {
    addSession: async (session) => void stored.set(session.id, session),
    removeSession: async (id) => void stored.delete(id),
    sessions: async () => [...stored.values()],
  };
}

/** The sessions of a daemon that is alone. */
export function createMemorySessions(): StoredSessions {
  const known = new Map<string, StoredSession>();
  return {
    get: (id) => known.get(id),
    look: () => null,
    read: async () => {},
    add: async (session) => void known.set(session.id, session),
    remove: async (id) => void known.delete(id),
  };
}
