import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CannotStart } from "../startup/cannot-start.ts";

const OWNER_ONLY = 0o600;

/**
 * Returns the daemon's own token, which has every permission: the given one, or the one stored in
 * the data folder. The first start creates it. Throws `CannotStart` when its file is empty.
 */
export async function loadToken(
  dataDir: string,
  given: string | undefined,
): Promise<{ token: string; path: string | null; isNew: boolean }> {
  if (given !== undefined) return { token: given, path: null, isNew: false };
  const path = join(dataDir, "token");
  const created = `pg_${randomBytes(32).toString("base64url")}`;
  try {
    await writeFile(path, `${created}\n`, { mode: OWNER_ONLY, flag: "wx" });
    return { token: created, path, isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const stored = (await readFile(path, "utf8")).trim();
  if (stored === "") {
    throw new CannotStart(
      `${path} is empty: it must contain the daemon's token. Delete the file, and the next start creates a new token.`,
    );
  }
  return { token: stored, path, isNew: false };
}
