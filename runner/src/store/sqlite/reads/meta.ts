import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadMeta(db: DatabaseSync): StoreReads["meta"] {
  const find = prepare<{ value: string }>(db, `SELECT value FROM meta WHERE key = ?`);
  return async (key) => find.get(key)?.value ?? null;
}
