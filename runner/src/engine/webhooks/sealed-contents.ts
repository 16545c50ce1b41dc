import { NOTHING_SEALED, type Sealed } from "../../domain/webhook.ts";
import type { Vault } from "../../ports/vault.ts";

/** Decrypted contents in memory, so that a webhook is not decrypted for each of its deliveries. */
const CACHE_SIZE = 1_000;

export interface SealedContents {
  /** Returns null when there is nothing to encrypt. */
  seal(contents: Sealed): string | null;
  open(sealed: string | null): Sealed;
}

export function createSealedContents(vault: Vault): SealedContents {
  const cache = new Map<string, Sealed>();
  return {
    seal(contents) {
      const isEmpty = contents.secret === null && Object.keys(contents.headers).length === 0;
      return isEmpty ? null : vault.seal(JSON.stringify(contents));
    },
    open(sealed) {
      if (sealed === null) return NOTHING_SEALED;
      const known = cache.get(sealed);
      if (known !== undefined) return known;
      const opened = JSON.parse(vault.open(sealed)) as Sealed;
      if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? "");
      cache.set(sealed, opened);
      return opened;
    },
  };
}
