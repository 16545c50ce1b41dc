import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CannotStart } from "../startup/cannot-start.ts";

const OWNER_ONLY = 0o600;

/** The daemon's own token, which may do everything: the one given, or the one kept in the data folder, made there at the first start. Throws `CannotStart` when that one is empty. */
export async function loadToken(
  dataDir: string,
  given: string | undefined,
): Promise<{ token: string; path: string | null; isNew: boolean }> {
  if (given !== undefined) return { token: given, path: null, isNew: false };
  const path = join(dataDir, "token");
  const made = `pg_${randomBytes(32).toString("base64url")}`;
  try {
    await writeFile(path, `${made}\n`, { mode: OWNER_ONLY, flag: "wx" });
    return { token: made, path, isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const kept = (await readFile(path, "utf8")).trim();
  if (kept === "") {
    throw new CannotStart(`${path} is empty: delete it, and the next start makes a token.`);
  }
  return { token: kept, path, isNew: false };
}
