import { access, constants, mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Settings } from "../config.ts";
import { loadToken } from "../secrets/own-token.ts";
import { CannotStart, cannotUseDataDir } from "./cannot-start.ts";

const OWNER_ONLY = 0o700;

/** Creates the data folder and loads the daemon's own token. Throws `CannotStart`. */
export async function openDataDir(
  settings: Settings,
  say: (line: string) => void,
): Promise<{ dataDir: string; ownToken: string }> {
  const dataDir = resolve(settings.dataDir);
  try {
    await mkdir(dataDir, { recursive: true, mode: OWNER_ONLY });
    // Otherwise the first file that is read or written would be reported, and not the folder.
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    const { token, path, isNew } = await loadToken(dataDir, settings.token);
    if (isNew) say(`Created an API token: ${token}`);
    if (path !== null) say(`The API token is in ${path}`);
    return { dataDir, ownToken: token };
  } catch (error) {
    throw error instanceof CannotStart ? error : cannotUseDataDir(error, settings);
  }
}
