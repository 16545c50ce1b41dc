import { sealedSecretRow } from "../domain/secret-name.ts";
import type { Store } from "../ports/store/store.ts";
import type { SealedSecret } from "../ports/store/secrets.ts";
import type { SecretFound, StoredSecrets } from "../ports/stored-secrets.ts";
import type { Vault } from "../ports/vault.ts";

interface Known {
  readonly revision: string;
  readonly found: SecretFound;
}

/** For the daemon, which opens its store while it reads the plugins. While the store cannot be read, what was known last stays. */
export function createStoredSecrets(
  opening: Promise<{
    readonly store: Pick<Store, "secrets" | "sealedSecrets">;
    readonly vault: Vault;
  }>,
): StoredSecrets {
  let known: ReadonlyMap<string, Known> = new Map();
  let first: Promise<void> | null = null;
  let last: Promise<unknown> = Promise.resolve();

  async function readChanges(): Promise<boolean> {
    const { store, vault } = await opening;
    const listed = await store.secrets();
    const isSame = listed.every(({ name, revision }) => known.get(name)?.revision === revision);
    if (isSame && listed.length === known.size) return false;
    const sealed = await store.sealedSecrets();
    known = new Map(sealed.map((each) => [each.name, toKnown(each, vault)]));
    return true;
  }

  /** One after the other: an older read must not replace what a newer one has found. */
  function read(): Promise<boolean> {
    const reading = last.then(readChanges);
    last = reading.catch(() => {});
    return reading;
  }

  return {
    // Without a store the daemon does not start, and the engine reads again when it starts.
    ready: () =>
      (first ??= read().then(
        () => {},
        () => {},
      )),
    find: (name) => known.get(name)?.found ?? null,
    read,
  };
}

function toKnown({ name, revision, sealed }: SealedSecret, vault: Vault): Known {
  try {
    return { revision, found: { value: vault.open(sealed, sealedSecretRow(name)) } };
  } catch {
    const error = `The secret ${name} cannot be decrypted: its row in the database was changed. Set it again.`;
    return { revision, found: { error } };
  }
}
