import type { DatabaseSync } from "node:sqlite";
import type { SealedSecret, StoredSecret } from "../../../ports/store/secrets.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadSecrets(db: DatabaseSync): StoreReads["secrets"] {
  const read = prepare<StoredSecret>(
    db,
    `SELECT name, seq || '.' || version AS revision, created_at AS createdAt, updated_at AS updatedAt
     FROM secrets ORDER BY name`,
  );
  return async () => read.all();
}

export function prepareReadSealedSecrets(db: DatabaseSync): StoreReads["sealedSecrets"] {
  const read = prepare<SealedSecret>(
    db,
    `SELECT name, seq || '.' || version AS revision, sealed FROM secrets ORDER BY name`,
  );
  return async () => read.all();
}
