import { NOTHING_SEALED, type Sealed } from "../../domain/webhook.ts";
import type { Vault } from "../../ports/vault.ts";

/** Decrypted contents in memory, so that a webhook is not decrypted for each of its deliveries. */
const CACHE_SIZE = 1_000;
const NOTHING = JSON.stringify(NOTHING_SEALED);

export interface SealedContents {
  /** For the webhook with this id. Returns null when there is nothing to encrypt. */
  seal(contents: Sealed, webhookId: string): string | null;
  open(sealed: string | null, webhookId: string): Sealed;
}

export function createSealedContents(vault: Vault): SealedContents {
  const cache = new Map<string, Sealed>();
  return {
    seal(contents, webhookId) {
      const text = JSON.stringify(contents);
      return text === NOTHING ? null : vault.seal(text, webhookId);
    },
    open(sealed, webhookId) {
      if (sealed === null) return NOTHING_SEALED;
      const key = `${webhookId} ${sealed}`;
      const known = cache.get(key);
      if (known !== undefined) return known;
      const opened = JSON.parse(vault.open(sealed, webhookId)) as Sealed;
      if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? "");
      cache.set(key, opened);
      return opened;
    },
  };
}
