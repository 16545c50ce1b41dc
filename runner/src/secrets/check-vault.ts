import { CannotStart } from "../startup/cannot-start.ts";
import type { Store } from "../ports/store/store.ts";
import type { Vault } from "../ports/vault.ts";

const KEY = "vault-check";
const KNOWN = "playground";

/**
 * Detects a wrong key at the start instead of at the first delivery. The first start seals a known
 * word into the store, and every later start opens it. Throws `CannotStart`.
 */
export async function checkVault(
  store: Pick<Store, "addMeta" | "meta">,
  vault: Vault,
): Promise<void> {
  // If another daemon starts for the first time too, one of the two keys is that of the store.
  const sealed = (await store.meta(KEY)) ?? (await store.addMeta(KEY, vault.seal(KNOWN, KEY)));
  try {
    vault.open(sealed, KEY);
  } catch (error) {
    throw new CannotStart(
      "PLAYGROUND_SECRET_KEY (or the file secret-key in the data folder) is not the key that this database was encrypted with, so its webhook secrets cannot be decrypted. Restore the original key. All daemons on one database have the same.",
      { cause: error },
    );
  }
}

/** Makes the vault's key that of the store. */
export async function sealCheck(store: Pick<Store, "setMeta">, vault: Vault): Promise<void> {
  await store.setMeta(KEY, vault.seal(KNOWN, KEY));
}

/** Whether the store was encrypted with a key before. */
export async function isSealed(store: Pick<Store, "meta">): Promise<boolean> {
  return (await store.meta(KEY)) !== null;
}

/** The known word, sealed with the key of the store. Null if it was encrypted with no key yet. */
export function sealedCheck(store: Pick<Store, "meta">): Promise<string | null> {
  return store.meta(KEY);
}

/** Whether the store was encrypted with this vault's key, or with no key yet. */
export async function isKeyOf(store: Pick<Store, "meta">, vault: Vault): Promise<boolean> {
  const sealed = await store.meta(KEY);
  try {
    return sealed === null || vault.open(sealed, KEY) === KNOWN;
  } catch {
    return false;
  }
}
