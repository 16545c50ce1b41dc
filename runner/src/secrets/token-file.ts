/**
 * The added tokens in DATA_DIR/tokens.json. The file contains only digests, so no token can be read
 * from it.
 */
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { SCOPE_NAMES } from "../domain/scope.ts";
import { giveToOwnerOf } from "../system/give-to-owner.ts";

const OWNER_ONLY = 0o600;

export const TokenName = z
  .string()
  .regex(/^[\w.-]{1,64}$/, "must be 1 to 64 letters, digits, dots, dashes or underscores");

const AddedToken = z.object({
  name: TokenName,
  scope: z.enum(SCOPE_NAMES),
  /**
   * In hex. A token has 256 random bits and cannot be guessed, so it needs no salt and no slow
   * hash.
   */
  sha256: z.string().regex(/^[\da-f]{64}$/),
  createdAt: z.iso.datetime(),
});

export type AddedToken = z.infer<typeof AddedToken>;

const TokenFile = z.object({ tokens: z.array(AddedToken) });

export function digestOf(token: string): Buffer {
  return hash("sha256", token, "buffer");
}

export function tokenFilePath(dataDir: string): string {
  return join(dataDir, "tokens.json");
}

/** Returns no tokens when there is no file. Throws when the file cannot be read. */
export function readTokens(path: string): readonly AddedToken[] {
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

/** Another process is changing the file, or was killed while it did. */
export class TokensBusy extends Error {
  override readonly name = "TokensBusy";
}

/**
 * Replaces the whole file, and resolves when it is on disk. Only one process can change it at a
 * time.
 */
export async function changeTokens(
  path: string,
  change: (tokens: readonly AddedToken[]) => readonly AddedToken[],
): Promise<void> {
  const next = `${path}.new`;
  const file = await open(next, "wx", OWNER_ONLY).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new TokensBusy(
      `${next} exists: another process is changing the tokens. If no such process is running, delete the file and try again.`,
      { cause: error },
    );
  });
  try {
    const tokens = change(readTokens(path));
    await file.writeFile(`${JSON.stringify({ tokens }, null, 2)}\n`);
    giveToOwnerOf(dirname(path), file.fd);
    await file.sync();
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
