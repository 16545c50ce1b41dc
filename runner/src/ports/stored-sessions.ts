import type { StoredSession } from "./store/sessions.ts";

/** The sessions in the store, which all of its daemons share. Their ids are digests. */
export interface StoredSessions {
  /** Of those that this daemon knows. */
  get(id: string): StoredSession | undefined;
  /**
   * Resolves when `get` knows the session if another daemon has opened it. Null if there is nothing to wait
   * for. Rejects if the store cannot be read.
   */
  look(id: string): Promise<void> | null;
  /** Resolves when `get` knows those that there are now. */
  read(): Promise<void>;
  add(session: StoredSession): Promise<void>;
  /** Does nothing if there is none with the id. */
  remove(id: string): Promise<void>;
}
