/** Keys of one-use links: whoever opens one is logged in as the daemon's own token. */
import { randomBytes } from "node:crypto";
import type { Vault } from "../ports/vault.ts";

export const LOGIN_KEY_LIFETIME_MS = 10 * 60 * 1000;

/** How far the clock of the machine that made a key can be ahead, when a load balancer chose the daemon. */
export const CLOCK_SKEW_MS = 60 * 1000;

/** In place of a row's name: a sealed secret of the store is no key. */
const ROW = "login-key";
const CONTENT = /^(\d{1,15})\.[\w-]{16}$/;

/** Returns a key. It needs only the vault's key, so that a command can make one for a running daemon. */
export function createLoginKey(vault: Vault, now: number): string {
  const content = `${now}.${randomBytes(12).toString("base64url")}`;
  return Buffer.from(vault.seal(content, ROW)).toString("base64url");
}

export interface LoginKeys {
  /** Whether the key is valid. It is not after that. */
  redeem(key: string): boolean;
}

/**
 * Keys from before this call are refused, because nothing stores which of them were used. Other daemons
 * with the vault's key do not know it either. `now` is the clock of the machine, as it is for who makes a
 * key with a command.
 */
export function createLoginKeys(vault: Vault, now: () => number): LoginKeys {
  const startedAt = now();
  const used = new Map<string, number>();

  function open(key: string): string {
    try {
      return vault.open(Buffer.from(key, "base64url").toString(), ROW);
    } catch {
      return "";
    }
  }

  return {
    redeem(key) {
      const content = open(key);
      const [, digits] = CONTENT.exec(content) ?? [];
      if (digits === undefined || used.has(content)) return false;
      const createdAt = Number(digits);
      const expiresAt = createdAt + LOGIN_KEY_LIFETIME_MS;
      if (createdAt < startedAt || createdAt > now() + CLOCK_SKEW_MS || expiresAt <= now())
        return false;
      for (const [other, until] of used) if (until <= now()) used.delete(other);
      used.set(content, expiresAt);
      return true;
    },
  };
}
