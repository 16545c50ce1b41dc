/** A login of a browser. Neither the session's id nor a token can be found out from it. */
export interface StoredSession {
  /** The SHA-256 of the session's id, in hex. */
  readonly id: string;
  /** The name of the token that it stands for. Null for the daemon's own. */
  readonly tokenName: string | null;
  /** The SHA-256 of the session's id and the token's digest, in hex. */
  readonly token: string;
  readonly expiresAt: number;
}

export interface SessionWrites {
  /** Adds a session. Removes those that have expired, and the oldest ones if there are more than `maxSessions`. */
  addSession(
    session: StoredSession,
    request: { readonly now: number; readonly maxSessions: number },
  ): Promise<void>;
  /** Does nothing if there is none with the id. */
  removeSession(id: string): Promise<void>;
}

export interface SessionReads {
  /** Returns all sessions, the oldest first. Some can have expired. */
  sessions(): Promise<readonly StoredSession[]>;
}
