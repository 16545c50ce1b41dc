import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Defect } from "../domain/errors.ts";
import { CannotStart } from "../startup/cannot-start.ts";
import type { Vault } from "../ports/vault.ts";

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";
const VERSION = "v1:";
const OWNER_ONLY = 0o600;

/** AES-256-GCM, a new IV each time; the text is `v1:` and IV, tag and cipher text in base64. */
export function createVault(key: Buffer): Vault {
  return {
    seal(plain) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, iv);
      const text = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return VERSION + Buffer.concat([iv, cipher.getAuthTag(), text]).toString("base64");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed.slice(VERSION.length), "base64");
      try {
        const iv = bytes.subarray(0, IV_BYTES);
        const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
        decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const text = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
        return Buffer.concat([text, decipher.final()]).toString("utf8");
      } catch (error) {
        const message = "a sealed value was written with another key, or was changed";
        throw new Defect("SEAL_BROKEN", message, { cause: error });
      }
    },
  };
}

/**
 * The key given in base64, or the one kept in the data folder, made there at the first start. Where
 * something was sealed before, a missing one may not be made: throws `CannotStart`.
 */
export async function loadVaultKey(
  dataDir: string,
  given: string | undefined,
  { mayMake = true }: { mayMake?: boolean } = {},
): Promise<Buffer> {
  if (given !== undefined) return Buffer.from(given, "base64");
  const path = join(dataDir, "secret-key");
  const made = mayMake ? await makeKey(path) : null;
  if (made !== null) return made;
  const kept = Buffer.from(await readKey(path), "base64");
  if (kept.length === KEY_BYTES) return kept;
  throw new CannotStart(
    `${path} does not hold a key of ${KEY_BYTES} bytes in base64. Put the right one back: webhook secrets cannot be read without it.`,
  );
}

/** Null when there is one. */
async function makeKey(path: string): Promise<Buffer | null> {
  const made = randomBytes(KEY_BYTES);
  try {
    const text = `${made.toString("base64")}\n`;
    // On disk before anything is sealed with it.
    await writeFile(path, text, { mode: OWNER_ONLY, flag: "wx", flush: true });
    return made;
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
      `${path} is not there, and this database was written with a key. Put the file back, or set PLAYGROUND_SECRET_KEY to that key: webhook secrets cannot be read without it.`,
      { cause: error },
    );
  }
}
