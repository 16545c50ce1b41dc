import { statSync } from "node:fs";
import { CannotStart } from "../startup/cannot-start.ts";
import type { StoredToken } from "../ports/store/tokens.ts";
import { readTokens, tokenFilePath } from "./token-file.ts";

/**
 * Returns a function that returns the tokens in the file. Every call sees the file's current content, so a
 * removed token is refused immediately. If the file becomes unreadable, there are none. Throws
 * `CannotStart` if the file is unreadable at the start.
 */
export function watchTokenFile(options: {
  dataDir: string;
  onError: (error: unknown) => void;
}): () => readonly StoredToken[] {
  const path = tokenFilePath(options.dataDir);
  let version = versionOf(path);
  let tokens: readonly StoredToken[];
  try {
    tokens = readTokens(path);
  } catch (error) {
    // An error of JSON.parse quotes the file, line ends included.
    const why = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
    throw new CannotStart(
      `${path} cannot be read: ${why}. Correct the file, or delete it and add the tokens again with the command \`tokens add\`.`,
      { cause: error },
    );
  }

  return () => {
    const now = versionOf(path);
    if (now === version) return tokens;
    version = now;
    try {
      tokens = readTokens(path);
    } catch (error) {
      tokens = [];
      options.onError(error);
    }
    return tokens;
  };
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
