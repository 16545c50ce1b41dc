import type { StoreReads } from "../../../ports/store/store.ts";
import type { StoredToken } from "../../../ports/store/tokens.ts";
import type { Query } from "../reader.ts";

export function createReadTokens(query: Query): StoreReads["tokens"] {
  return () =>
    query<StoredToken>(
      `SELECT name, scope, sha256, created_at AS "createdAt" FROM tokens ORDER BY seq`,
    );
}
