import { CannotStart } from "../startup/cannot-start.ts";
import type { Store } from "../ports/store/store.ts";
import type { Vault } from "../ports/vault.ts";

const KEY = "vault-check";
const KNOWN = "playground";

/**
 * Tells a wrong key at the start and not at the first delivery: the first start seals a known word
 * into the store, later ones open it.
 */
export async function checkVault(
  store: Pick<Store, "setMeta" | "meta">,
  vault: Vault,
): Promise<void> {
  const sealed = await store.meta(KEY);
  if (sealed === null) return store.setMeta(KEY, vault.seal(KNOWN));
  try {
    vault.open(sealed);
  } catch (error) {
    throw new CannotStart(
      "PLAYGROUND_SECRET_KEY (or the file secret-key in the data folder) is not the key that this database was written with: webhook secrets could not be read. Put the right key back.",
      { cause: error },
    );
  }
}

/** Whether the store was written with a key before. */
export async function isSealed(store: Pick<Store, "meta">): Promise<boolean> {
  return (await store.meta(KEY)) !== null;
}

/** Whether the store was written with this vault's key, or with none yet. */
export async function isKeyOf(store: Pick<Store, "meta">, vault: Vault): Promise<boolean> {
  const sealed = await store.meta(KEY);
  try {
    return sealed === null || vault.open(sealed) === KNOWN;
  } catch {
    return false;
  }
}
