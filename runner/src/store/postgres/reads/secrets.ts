import type { SealedSecret, StoredSecret } from "../../../ports/store/secrets.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import type { Query } from "../reader.ts";

export function createReadSecrets(query: Query): StoreReads["secrets"] {
  return () =>
    query<StoredSecret>(
      `SELECT name, seq || '.' || version AS revision, created_at AS "createdAt",
         updated_at AS "updatedAt"
       FROM secrets ORDER BY name`,
    );
}

export function createReadSealedSecrets(query: Query): StoreReads["sealedSecrets"] {
  return () =>
    query<SealedSecret>(
      `SELECT name, seq || '.' || version AS revision, sealed FROM secrets ORDER BY name`,
    );
}
