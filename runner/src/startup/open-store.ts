import { resolve } from "node:path";
import type { Settings } from "../config.ts";
import type { Store } from "../ports/store/store.ts";
import type { Vault } from "../ports/vault.ts";
import { finishRotation } from "../secrets/next-key.ts";
import { checkVault, isKeyOf, isSealed } from "../secrets/check-vault.ts";
import type { Signer } from "../ports/signer.ts";
import { createSigner } from "../secrets/signer.ts";
import { createVault, loadVaultKey } from "../secrets/vault.ts";
import { CannotStart, cannotUseDataDir } from "./cannot-start.ts";
import { openDatabase, type Database, type DatabaseParts } from "./open-database.ts";

export interface OpenStore extends Database {
  /** Opens what is sealed in the store. */
  readonly vault: Vault;
  /** Signs the links to files, with a key that is derived from the vault's. */
  readonly signer: Signer;
}

/** Opens the database, and the vault whose key sealed its secrets. Throws `CannotStart`. */
export async function openStore(settings: Settings, parts: DatabaseParts): Promise<OpenStore> {
  const database = await openDatabase(settings, parts);
  const { store } = database;
  try {
    const mayMake = !(await isSealed(store));
    if (!mayMake) await finishKeyRotation(settings, store);
    const key = await openVaultKey(settings, { mayMake });
    const vault = createVault(key);
    await checkVault(store, vault);
    const signer = createSigner(key, "links to files");
    return { ...database, vault, signer };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function finishKeyRotation(settings: Settings, store: Pick<Store, "meta">): Promise<void> {
  if (settings.secretKey !== undefined) return;
  try {
    const isKey = (key: Buffer): Promise<boolean> => isKeyOf(store, createVault(key));
    await finishRotation(resolve(settings.dataDir), isKey);
  } catch (error) {
    throw cannotUseDataDir(error, settings);
  }
}

async function openVaultKey(settings: Settings, making: { mayMake: boolean }): Promise<Buffer> {
  try {
    return await loadVaultKey(resolve(settings.dataDir), settings.secretKey, making);
  } catch (error) {
    throw error instanceof CannotStart ? error : cannotUseDataDir(error, settings);
  }
}
