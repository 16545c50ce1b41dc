import { timingSafeEqual } from "node:crypto";
import { statSync } from "node:fs";
import { CannotStart } from "../startup/cannot-start.ts";
import type { KnownTokens } from "../ports/known-tokens.ts";
import { digestOf, readTokens, tokenFilePath, type AddedToken } from "./token-file.ts";

type Known = Pick<AddedToken, "name" | "scope"> & { readonly digest: Buffer };

/**
 * Finds the daemon's own token and the added ones. Every call sees the file's current content, so a
 * removed token is refused immediately. If the file becomes unreadable, only the own token works.
 * Throws `CannotStart` if the file is unreadable at the start.
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
    // An error of JSON.parse quotes the file, line ends included.
    const why = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
    throw new CannotStart(
      `${path} cannot be read: ${why}. Correct the file, or delete it and add the tokens again with the command \`tokens add\`.`,
      { cause: error },
    );
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
      // Digests have one length and all are compared, so the time reveals nothing about a token.
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

/**
 * Differs after every change, because a change replaces the whole file. A call takes about 2 µs.
 */
function versionOf(path: string): string {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? "none" : `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
  } catch (error) {
    return String(error);
  }
}
