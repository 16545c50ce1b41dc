import { timingSafeEqual } from "node:crypto";
import type { Caller, KnownTokens } from "../ports/known-tokens.ts";
import type { StoredToken } from "../ports/store/tokens.ts";
import { digestOf } from "./token-file.ts";

/** The daemon's own token. */
const OWN: Caller = { name: null, scope: "admin" };

interface Known extends Caller {
  readonly digest: Buffer;
}

/** The tokens as sessions.ts needs them. */
export interface TokenDigests {
  /** Null if no token has the name. The name null is that of the daemon's own token. */
  named(name: string | null): Known | null;
}

/** Finds the daemon's own token and the added ones. `added` returns those that there are now. */
export function createKnownTokens(options: {
  ownToken: string;
  added: () => readonly StoredToken[];
}): KnownTokens & TokenDigests {
  const own: Known = { ...OWN, digest: digestOf(options.ownToken) };
  let stored: readonly StoredToken[] = [];
  let known: readonly Known[] = [];

  function added(): readonly Known[] {
    const now = options.added();
    if (now !== stored) known = now.map(toKnown);
    stored = now;
    return known;
  }

  return {
    find(given) {
      const digest = digestOf(given);
      // Digests have one length and all are compared, so the time reveals nothing about a token.
      if (timingSafeEqual(digest, own.digest)) return OWN;
      let found: Known | null = null;
      for (const each of added()) if (timingSafeEqual(digest, each.digest)) found = each;
      return found;
    },
    named(name) {
      if (name === null) return own;
      return added().find((each) => each.name === name) ?? null;
    },
  };
}

function toKnown({ name, scope, sha256 }: StoredToken): Known {
  return { name, scope, digest: Buffer.from(sha256, "hex") };
}
