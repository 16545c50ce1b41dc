/**
 * The added tokens in DATA_DIR/tokens.json. The file contains only digests, so no token can be read
 * from it.
 */
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { SCOPE_NAMES } from "../domain/scope.ts";
import type { AddedTokens } from "../ports/added-tokens.ts";
import type { StoredToken } from "../ports/store/tokens.ts";
import { replaceFile } from "./replace-file.ts";

export const TokenName = z
  .string()
  .regex(/^[\w.-]{1,64}$/, "must be 1 to 64 letters, digits, dots, dashes or underscores");

export const AddedToken = z.object({
  name: TokenName,
  scope: z.enum(SCOPE_NAMES),
  /**
   * In hex. A token has 256 random bits and cannot be guessed, so it needs no salt and no slow
   * hash.
   */
  sha256: z.string().regex(/^[\da-f]{64}$/),
  createdAt: z.iso.datetime(),
});

const TokenFile = z.object({ tokens: z.array(AddedToken) });

export function digestOf(token: string): Buffer {
  return hash("sha256", token, "buffer");
}

export function tokenFilePath(dataDir: string): string {
  return join(dataDir, "tokens.json");
}

/** Returns no tokens when there is no file. Throws when the file cannot be read. */
export function readTokens(path: string): readonly StoredToken[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const { data, error } = TokenFile.safeParse(JSON.parse(text));
  if (data !== undefined) return data.tokens;
  // Zod's own message is JSON over many lines.
  const issues = error.issues.map((issue) => `/${issue.path.join("/")}: ${issue.message}`);
  throw new Error(issues.join("; "), { cause: error });
}

/** Changes the tokens in the file, unless `change` returns null. Returns whether it did. Throws `FileBusy`. */
export async function changeTokens(
  path: string,
  change: (tokens: readonly StoredToken[]) => readonly StoredToken[] | null,
): Promise<boolean> {
  let changed: readonly StoredToken[] | null = null;
  await replaceFile(path, () => {
    changed = change(readTokens(path));
    return changed && `${JSON.stringify({ tokens: changed }, null, 2)}\n`;
  });
  return changed !== null;
}

/** The tokens in the data folder, for the API and the command line. A running daemon notices each change. */
export function createTokenFile(dataDir: string): AddedTokens {
  const path = tokenFilePath(dataDir);
  let last: Promise<unknown> = Promise.resolve();

  /** One after another, because a second change at the same time is refused. */
  function change(to: Parameters<typeof changeTokens>[1]): Promise<boolean> {
    const changed = last.then(() => changeTokens(path, to));
    last = changed.catch(() => {});
    return changed;
  }

  return {
    all: () => readTokens(path),
    read: async () => {},
    add: (token) =>
      change((known) => (known.some(({ name }) => name === token.name) ? null : [...known, token])),
    remove: (removed) =>
      change((known) => {
        const rest = known.filter(({ name }) => name !== removed);
        return rest.length < known.length ? rest : null;
      }),
  };
}
