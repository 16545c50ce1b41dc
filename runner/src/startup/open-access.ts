import type { Settings } from "../config.ts";
import type { Clock } from "../ports/clock.ts";
import type { AddedTokens } from "../ports/added-tokens.ts";
import type { KnownTokens } from "../ports/known-tokens.ts";
import type { Sessions } from "../ports/sessions.ts";
import type { StoredSessions } from "../ports/stored-sessions.ts";
import type { TokenList } from "../ports/token-list.ts";
import type { Vault } from "../ports/vault.ts";
import type { TokenDigests } from "../secrets/known-tokens.ts";
import { createLoginKey, createLoginKeys } from "../secrets/login-keys.ts";
import { createSessions } from "../secrets/sessions.ts";
import { createTokenList } from "../secrets/token-list.ts";
import { toLoginLink } from "./login-link.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Who may use the daemon: what changes the tokens, and the sessions of browsers. */
export interface OpenAccess {
  readonly tokenList: TokenList;
  readonly sessions: Sessions;
  /** Returns the URL of the console that logs in the browser that opens it first. */
  readonly loginLink: (url: string) => string;
}

export function openAccess(
  { sessionDays }: Pick<Settings, "sessionDays">,
  parts: {
    readonly stored: StoredSessions;
    readonly tokens: KnownTokens & TokenDigests;
    /** Where tokens are added and removed. */
    readonly added: AddedTokens;
    readonly vault: Vault;
    readonly clock: Pick<Clock, "now">;
    /** Of this machine, and not of the database. */
    readonly machineClock: Pick<Clock, "now">;
  },
): OpenAccess {
  const now = (): number => parts.clock.now();
  const machineNow = (): number => parts.machineClock.now();
  const loginKeys = createLoginKeys(parts.vault, machineNow);
  return {
    tokenList: createTokenList(parts.added),
    sessions: createSessions({ ...parts, loginKeys, lifetimeMs: sessionDays * DAY_MS, now }),
    loginLink: (url) => toLoginLink(url, createLoginKey(parts.vault, machineNow())),
  };
}
