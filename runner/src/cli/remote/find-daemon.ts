import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ownCommand, type ClientSettings } from "../../config.ts";
import { addressPath, readAddress } from "../../startup/address-file.ts";
import { CommandFailed } from "../command-failed.ts";

export interface DaemonAddress {
  readonly url: string;
  readonly token: string;
  /** Where the token is from, for the message when it is wrong. */
  readonly tokenSource: string;
  /** Where the URL is from, for the message when nothing answers there. */
  readonly urlSource: string;
}

/**
 * Returns the given URL and token. What is not given is read from the data folder: its daemon writes
 * where it listens, and its token. Throws `CommandFailed`.
 */
export async function findDaemon(settings: ClientSettings): Promise<DaemonAddress> {
  const dataDir = resolve(settings.dataDir);
  const recorded = await readFrom(dataDir, () => readAddress(dataDir), settings);
  const url = settings.url ?? recorded;
  if (url === null) {
    throw new CommandFailed(
      3,
      `No daemon is running with the data folder ${dataDir}. Start one with \`${ownCommand()} start\`, name its data folder with --data-dir or PLAYGROUND_DATA_DIR, or its URL with --url or PLAYGROUND_URL.`,
    );
  }
  const urlSource = settings.url === undefined ? addressPath(dataDir) : "the given URL";
  if (settings.token !== undefined) {
    const tokenSource = settings.tokenFile ?? "PLAYGROUND_TOKEN";
    return { url, token: settings.token, tokenSource, urlSource };
  }
  const path = join(dataDir, "token");
  // The folder's token goes to the folder's daemon and to no other URL.
  const isOwn = recorded !== null && new URL(recorded).origin === new URL(url).origin;
  const token = isOwn ? await readFrom(dataDir, () => readToken(path), settings) : null;
  if (token === null) {
    throw new CommandFailed(
      2,
      `There is no token for ${url}: put it into a file and name the file with --token-file or PLAYGROUND_TOKEN_FILE, or set PLAYGROUND_TOKEN.`,
    );
  }
  return { url, token, tokenSource: path, urlSource };
}

async function readToken(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** A folder that cannot be read matters only when it has what was not given. */
async function readFrom(
  dataDir: string,
  read: () => Promise<string | null>,
  { url, token }: ClientSettings,
): Promise<string | null> {
  try {
    return await read();
  } catch (error) {
    if (url !== undefined && token !== undefined) return null;
    throw new CommandFailed(
      2,
      `The data folder ${dataDir} cannot be read (${(error as NodeJS.ErrnoException).code}). Run the command as the daemon's user, or name the daemon with --url and --token-file.`,
      { cause: error },
    );
  }
}
