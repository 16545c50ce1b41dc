import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Defect } from "../domain/errors.ts";
import { CannotStart } from "../startup/cannot-start.ts";
import type { Vault } from "../ports/vault.ts";

export const KEY_BYTES = 32;
/** In the data folder. */
export const KEY_FILE = "secret-key";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";
/** `v1:` was not bound to its row. Such values of earlier versions still open. */
const UNBOUND = "v1:";
const BOUND = "v2:";
const OWNER_ONLY = 0o600;

/**
 * Seals with AES-256-GCM, a new IV each time and the row as additional data, so that a value that
 * was copied to another row does not open. The result is `v2:` + base64 of IV, tag and cipher text.
 */
export function createVault(key: Buffer): Vault {
  return {
    seal(plain, row) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, iv);
      cipher.setAAD(Buffer.from(row));
      const text = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return BOUND + Buffer.concat([iv, cipher.getAuthTag(), text]).toString("base64");
    },
    open(sealed, row) {
      const bytes = Buffer.from(sealed.slice(BOUND.length), "base64");
      try {
        const iv = bytes.subarray(0, IV_BYTES);
        const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
        if (!sealed.startsWith(UNBOUND)) decipher.setAAD(Buffer.from(row));
        decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const text = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
        return Buffer.concat([text, decipher.final()]).toString("utf8");
      } catch (error) {
        const message =
          "a sealed value was encrypted with another key or for another row, or was changed";
        throw new Defect("SEAL_BROKEN", message, { cause: error });
      }
    },
  };
}

/**
 * Returns the given key (base64), or the key stored in the data folder. The first start creates
 * it. With `mayMake: false` (the store is already encrypted) a missing key throws
 * `CannotStart`.
 */
export async function loadVaultKey(
  dataDir: string,
  given: string | undefined,
  { mayMake = true }: { mayMake?: boolean } = {},
): Promise<Buffer> {
  if (given !== undefined) return Buffer.from(given, "base64");
  const path = join(dataDir, KEY_FILE);
  const created = mayMake ? await createKey(path) : null;
  if (created !== null) return created;
  const stored = Buffer.from(await readKey(path), "base64");
  if (stored.length === KEY_BYTES) return stored;
  throw new CannotStart(
    `${path} does not contain a key: it must contain ${KEY_BYTES} bytes in base64. Restore the original file. Webhook secrets cannot be decrypted without its key.`,
  );
}

/** Returns null when the file already exists. */
async function createKey(path: string): Promise<Buffer | null> {
  const created = randomBytes(KEY_BYTES);
  try {
    const text = `${created.toString("base64")}\n`;
    // The key must be on disk before anything is sealed with it.
    await writeFile(path, text, { mode: OWNER_ONLY, flag: "wx", flush: true });
    return created;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return null;
  }
}

async function readKey(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new CannotStart(
      `${path} is missing, but this database was encrypted with its key. Restore the file, or set PLAYGROUND_SECRET_KEY to that key, which all daemons on one database share. Webhook secrets cannot be decrypted without it.`,
      { cause: error },
    );
  }
}
