/**
 * Sessions of browsers. What is stored are digests. A session's digest of its token includes the session's
 * id, which nothing stores: the database does not help to guess a token.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Sessions } from "../ports/sessions.ts";
import type { KnownTokens } from "../ports/known-tokens.ts";
import type { StoredSessions } from "../ports/stored-sessions.ts";
import type { TokenDigests } from "./known-tokens.ts";
import type { LoginKeys } from "./login-keys.ts";
import { digestOf } from "./token-file.ts";

export interface SessionOptions {
  readonly stored: StoredSessions;
  readonly tokens: KnownTokens & TokenDigests;
  readonly loginKeys: LoginKeys;
  readonly lifetimeMs: number;
  readonly now: () => number;
}

export function createSessions(options: SessionOptions): Sessions {
  const { stored, tokens, loginKeys, lifetimeMs, now } = options;

  return {
    find(id) {
      const session = stored.get(hexOf(id));
      if (session === undefined || session.expiresAt <= now()) return null;
      const known = tokens.named(session.tokenName);
      if (known === null) return null;
      // Another token under the name has another digest.
      const isSame = timingSafeEqual(bind(id, known.digest), Buffer.from(session.token, "hex"));
      return isSame ? { caller: known, expiresAt: session.expiresAt } : null;
    },
    look: (id) => stored.look(hexOf(id)),
    async open(given) {
      const name = nameOf(given);
      const known = name === undefined ? null : tokens.named(name);
      if (known === null) return null;
      const id = randomBytes(32).toString("base64url");
      const expiresAt = now() + lifetimeMs;
      await stored.add({
        id: hexOf(id),
        tokenName: known.name,
        token: bind(id, known.digest).toString("hex"),
        expiresAt,
      });
      return { id, caller: known, expiresAt };
    },
    async close(id) {
      await stored.look(hexOf(id));
      if (stored.get(hexOf(id)) !== undefined) await stored.remove(hexOf(id));
    },
  };

  /** The name of the token that the credentials are for. Undefined for unknown credentials. */
  function nameOf(given: Parameters<Sessions["open"]>[0]): string | null | undefined {
    if ("token" in given) return tokens.find(given.token)?.name;
    return loginKeys.redeem(given.key) ? null : undefined;
  }
}

function hexOf(id: string): string {
  return digestOf(id).toString("hex");
}

function bind(id: string, tokenDigest: Buffer): Buffer {
  return digestOf(`${id}.${tokenDigest.toString("hex")}`);
}
