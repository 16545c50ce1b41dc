/** The tokens that were added: DATA_DIR/tokens.json, with digests alone. No token can be read back. */
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
  /** In hex. A token has 256 random bits, so that nobody finds it by trying: no salt, no slow hash. */
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

/** Throws when the file is there and cannot be read. */
export function readTokens(path: string): readonly AddedToken[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return TokenFile.parse(JSON.parse(text)).tokens;
}

/** Somebody else is changing the file, or was cut off while doing so. */
export class TokensBusy extends Error {
  override readonly name = "TokensBusy";
}

/** Replaces the file as a whole, on disk when it resolves; one change at a time, over all processes. */
export async function changeTokens(
  path: string,
  change: (tokens: readonly AddedToken[]) => readonly AddedToken[],
): Promise<void> {
  const next = `${path}.new`;
  const file = await open(next, "wx", OWNER_ONLY).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new TokensBusy(
      `${next} is there: the tokens are being changed. Delete it if nobody does.`,
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
