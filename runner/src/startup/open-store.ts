import { resolve } from "node:path";
import type { Settings } from "../config.ts";
import type { Store } from "../ports/store/store.ts";
import type { Vault } from "../ports/vault.ts";
import { checkVault, isSealed } from "../secrets/check-vault.ts";
import { createVault, loadVaultKey } from "../secrets/vault.ts";
import { createSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { CannotOpen } from "../store/sqlite/store-error.ts";
import { CannotStart, cannotUseDataDir } from "./cannot-start.ts";
import { databasePath } from "./database-path.ts";

export interface OpenStore {
  readonly store: Store;
  /** Opens what is sealed in the store. */
  readonly vault: Vault;
  close(): Promise<void>;
}

/** Opens the store, and the vault whose key sealed its secrets. Throws `CannotStart`. */
export async function openStore(
  settings: Settings,
  {
    storeWriter,
    onWriteFailed,
  }: { readonly storeWriter?: URL; readonly onWriteFailed?: (error: unknown) => void } = {},
): Promise<OpenStore> {
  const store = await createSqliteStore({
    path: databasePath(settings),
    secureDelete: settings.secureDelete,
    ...(storeWriter && { writer: storeWriter }),
    onWriteFailed,
  }).catch((error: unknown) => {
    throw error instanceof CannotOpen ? new CannotStart(error.message, { cause: error }) : error;
  });
  try {
    const mayMake = !(await isSealed(store));
    const vault = createVault(await openVaultKey(settings, { mayMake }));
    await checkVault(store, vault);
    return { store, vault, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openVaultKey(settings: Settings, making: { mayMake: boolean }): Promise<Buffer> {
  try {
    return await loadVaultKey(resolve(settings.dataDir), settings.secretKey, making);
  } catch (error) {
    throw error instanceof CannotStart ? error : cannotUseDataDir(error, settings);
  }
}
