import { NOTHING_SEALED, type Sealed } from "../../domain/webhook.ts";
import type { Vault } from "../../ports/vault.ts";

/** Opened contents that are kept, so that a webhook is not decrypted for each of its deliveries. */
const KEPT = 1_000;

export interface SealedContents {
  /** Null when there is nothing to hide. */
  seal(contents: Sealed): string | null;
  open(sealed: string | null): Sealed;
}

export function createSealedContents(vault: Vault): SealedContents {
  const kept = new Map<string, Sealed>();
  return {
    seal(contents) {
      const isEmpty = contents.secret === null && Object.keys(contents.headers).length === 0;
      return isEmpty ? null : vault.seal(JSON.stringify(contents));
    },
    open(sealed) {
      if (sealed === null) return NOTHING_SEALED;
      const known = kept.get(sealed);
      if (known !== undefined) return known;
      const opened = JSON.parse(vault.open(sealed)) as Sealed;
      if (kept.size >= KEPT) kept.delete(kept.keys().next().value ?? "");
      kept.set(sealed, opened);
      return opened;
    },
  };
}
