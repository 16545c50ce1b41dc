import type { DatabaseSync } from "node:sqlite";
import type { StoredSession } from "../../../ports/store/sessions.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadSessions(db: DatabaseSync): StoreReads["sessions"] {
  const read = prepare<StoredSession>(
    db,
    `SELECT id, token_name AS tokenName, token, expires_at AS expiresAt
     FROM sessions ORDER BY seq`,
  );
  return async () => read.all();
}
