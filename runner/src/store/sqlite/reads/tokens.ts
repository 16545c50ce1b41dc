import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import type { StoredToken } from "../../../ports/store/tokens.ts";
import { prepare } from "../statement.ts";

export function prepareReadTokens(db: DatabaseSync): StoreReads["tokens"] {
  const find = prepare<StoredToken>(
    db,
    `SELECT name, scope, sha256, created_at AS createdAt FROM tokens ORDER BY seq`,
  );
  return async () => find.all();
}
