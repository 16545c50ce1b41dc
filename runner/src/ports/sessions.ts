import type { Caller } from "./known-tokens.ts";

export interface Session {
  readonly caller: Caller;
  /** In ms since the epoch. */
  readonly expiresAt: number;
}

/** What a person shows to log in: a token, or the key of a one-use link. */
export type Credentials = { readonly token: string } | { readonly key: string };

/** Logins of browsers. A session acts for one token and ends with it. */
export interface Sessions {
  /** Null when it is unknown, has ended, or its token was removed. */
  find(id: string): Session | null;
  /**
   * Resolves when `find` finds the session also if another daemon has opened it. Null if there is nothing to
   * wait for. Rejects if the store cannot be read.
   */
  look(id: string): Promise<void> | null;
  /** Resolves to the new session, or to null for an unknown token and an unknown, used or old key. */
  open(given: Credentials): Promise<(Session & { readonly id: string }) | null>;
  /** Does nothing when the session has ended. */
  close(id: string): Promise<void>;
}
