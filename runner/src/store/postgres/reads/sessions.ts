import type { StoredSession } from "../../../ports/store/sessions.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import type { Query } from "../reader.ts";

export function createReadSessions(query: Query): StoreReads["sessions"] {
  return () =>
    query<StoredSession>(
      `SELECT id, token_name AS "tokenName", token, expires_at AS "expiresAt"
       FROM sessions ORDER BY seq`,
    );
}
