import { timingSafeEqual } from "node:crypto";
import { statSync } from "node:fs";
import { CannotStart } from "../startup/cannot-start.ts";
import type { KnownTokens } from "../ports/known-tokens.ts";
import { digestOf, readTokens, tokenFilePath, type AddedToken } from "./token-file.ts";

type Known = Pick<AddedToken, "name" | "scope"> & { readonly digest: Buffer };

/**
 * The daemon's own token and those that were added, as they are at each look: a token that was
 * removed is refused from then on. A file that can no longer be read lets none in but the own one.
 * Throws `CannotStart` when that is so at the start.
 */
export function createKnownTokens(options: {
  ownToken: string;
  dataDir: string;
  onError: (error: unknown) => void;
}): KnownTokens {
  const path = tokenFilePath(options.dataDir);
  const own = digestOf(options.ownToken);
  let version = versionOf(path);
  let added: readonly Known[];
  try {
    added = readKnown(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CannotStart(`${path} cannot be read: ${why}`, { cause: error });
  }

  function refresh(): void {
    const now = versionOf(path);
    if (now === version) return;
    version = now;
    try {
      added = readKnown(path);
    } catch (error) {
      added = [];
      options.onError(error);
    }
  }

  return {
    find(given) {
      const digest = digestOf(given);
      // Digests are of one length, and all are compared: the time tells nothing of any token.
      if (timingSafeEqual(digest, own)) return { name: null, scope: "admin" };
      refresh();
      let found: Known | null = null;
      for (const known of added) if (timingSafeEqual(digest, known.digest)) found = known;
      return found;
    },
  };
}

function readKnown(path: string): readonly Known[] {
  return readTokens(path).map(({ name, scope, sha256 }) => ({
    name,
    scope,
    digest: Buffer.from(sha256, "hex"),
  }));
}

/** Changes with every change of the file, which is replaced as a whole. A look takes some 2 µs. */
function versionOf(path: string): string {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? "none" : `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
  } catch (error) {
    return String(error);
  }
}
