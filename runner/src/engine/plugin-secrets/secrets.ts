/** The secrets of plugins that clients set. Their values go into the store sealed, and come out only for the plugins. */
import { Refused } from "../../domain/errors.ts";
import { sealedSecretRow, secretNameFault } from "../../domain/secret-name.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { StoredSecret } from "../../ports/store/secrets.ts";
import type { Store } from "../../ports/store/store.ts";
import type { StoredSecrets } from "../../ports/stored-secrets.ts";
import type { Vault } from "../../ports/vault.ts";
import type { Messages } from "../bus/messages.ts";

/** All of them are in memory, and those of a plugin go to its thread with each step. */
const MAX_SECRETS = 1_000;

/** A secret that was set, or that a plugin declares. */
export interface SecretInfo {
  readonly name: string;
  /** Where this daemon takes the value from. An environment variable precedes the store. */
  readonly source: "stored" | "environment" | "missing";
  /** The environment variable that this daemon has for it. */
  readonly variable: string | null;
  /** Null if it is not in the store. */
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  /** The plugins that declare it. */
  readonly plugins: readonly string[];
}

export interface Secrets {
  /** Returns the secrets that are in the store, and those that plugins declare, by name. */
  list(): Promise<readonly SecretInfo[]>;
  /** Sets a secret. A step that begins after this gets the value. `by` is the name of the request's token. */
  set(
    name: string,
    value: string,
    by: string | null,
  ): Promise<{ readonly secret: SecretInfo; readonly outcome: "created" | "changed" }>;
  remove(name: string, by: string | null): Promise<void>;
  /** Reads what another daemon has changed. */
  refresh(): Promise<void>;
}

export function createSecrets(deps: {
  readonly store: Pick<Store, "setSecret" | "removeSecret" | "secrets">;
  readonly storedSecrets: Pick<StoredSecrets, "read">;
  readonly secretVariable: (name: string) => string | null;
  readonly vault: Pick<Vault, "seal">;
  readonly catalog: Pick<PluginCatalog, "list" | "known" | "recheckSecrets">;
  readonly messages: Pick<Messages, "publish">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}): Secrets {
  const { store, storedSecrets, secretVariable, vault, catalog, messages, clock, log } = deps;
  let isCatalogBehind = false;

  async function refresh(): Promise<void> {
    if (await storedSecrets.read()) isCatalogBehind = true;
    if (!isCatalogBehind) return;
    await catalog.recheckSecrets();
    isCatalogBehind = false;
  }

  /** The change is stored. If it cannot be read now, the loop reads it later. */
  async function announce(): Promise<void> {
    try {
      await refresh();
    } catch (error) {
      log.error({ err: error }, "secrets.not-read");
    }
    messages.publish({ kind: "secrets" });
  }

  async function list(): Promise<readonly SecretInfo[]> {
    const stored = new Map((await store.secrets()).map((secret) => [secret.name, secret]));
    const declared = declaredSecrets(catalog);
    const names = [...new Set([...stored.keys(), ...declared.keys()])].toSorted();
    return names.map((name) =>
      toInfo(name, {
        stored: stored.get(name) ?? null,
        variable: secretVariable(name),
        plugins: declared.get(name) ?? [],
      }),
    );
  }

  return {
    list,
    async set(name, value, by) {
      const fault = secretNameFault(name);
      if (fault !== null) {
        throw new Refused("SECRET_NAME_INVALID", `The name is ${JSON.stringify(name)}: ${fault}.`);
      }
      const sealed = vault.seal(value, sealedSecretRow(name));
      const request = { now: clock.now(), maxSecrets: MAX_SECRETS };
      const outcome = await store.setSecret({ name, sealed }, request);
      if (outcome === "limit") throw new Refused("SECRET_LIMIT");
      log.info({ secret: name, outcome, token: by }, "secret.set");
      await announce();
      const secret = (await list()).find((each) => each.name === name);
      // Another client has removed it meanwhile.
      if (secret === undefined) throw notFound(name);
      return { secret, outcome };
    },
    async remove(name, by) {
      if (!(await store.removeSecret(name))) throw notFound(name);
      log.info({ secret: name, token: by }, "secret.removed");
      await announce();
    },
    refresh,
  };
}

function notFound(name: string): Refused {
  return new Refused("SECRET_NOT_FOUND", `No secret with the name ${JSON.stringify(name)} is set.`);
}

/** The names of the plugins by the secret that they declare. A plugin that misses one is known, too. */
function declaredSecrets(
  catalog: Pick<PluginCatalog, "list" | "known">,
): ReadonlyMap<string, readonly string[]> {
  const declared = new Map<string, readonly string[]>();
  for (const plugin of new Set(catalog.list().map(({ name }) => name))) {
    for (const secret of catalog.known(plugin)?.secrets ?? []) {
      declared.set(secret, [...(declared.get(secret) ?? []), plugin]);
    }
  }
  return declared;
}

function toInfo(
  name: string,
  {
    stored,
    ...rest
  }: {
    readonly stored: StoredSecret | null;
    readonly variable: string | null;
    readonly plugins: readonly string[];
  },
): SecretInfo {
  const inStore = stored === null ? "missing" : "stored";
  return {
    name,
    source: rest.variable === null ? inStore : "environment",
    createdAt: stored?.createdAt ?? null,
    updatedAt: stored?.updatedAt ?? null,
    ...rest,
  };
}
