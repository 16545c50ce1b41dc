/** The file in the data folder that says where its daemon listens, for commands on the same machine. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";

const OWNER_ONLY = 0o600;

export function addressPath(dataDir: string): string {
  return join(dataDir, "address");
}

export interface AddressFile {
  /** Replaces the file, which a daemon that was killed has left. */
  write(url: string): Promise<void>;
  remove(): Promise<void>;
}

/** A daemon works without the file too, so that errors do not stop it. */
export function createAddressFile(dataDir: string, onError: (error: unknown) => void): AddressFile {
  const path = addressPath(dataDir);
  return {
    async write(url) {
      try {
        await writeFile(`${path}.new`, `${toReachable(url)}\n`, { mode: OWNER_ONLY });
        await rename(`${path}.new`, path);
      } catch (error) {
        onError(error);
      }
    },
    async remove() {
      await rm(path, { force: true }).catch(onError);
    },
  };
}

/** Returns null when no daemon has started in the folder, or the last one has stopped. */
export async function readAddress(dataDir: string): Promise<string | null> {
  try {
    return (await readFile(addressPath(dataDir), "utf8")).trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** A daemon that listens on every address is reached at the loopback address. */
export function toReachable(url: string): string {
  const { hostname, port } = new URL(url);
  const bare = hostname.replaceAll(/^\[|\]$/g, "");
  if (!/^[0.:]+$/.test(bare) || isIP(bare) === 0) return url;
  return `http://${isIP(bare) === 4 ? "127.0.0.1" : "[::1]"}:${port}`;
}
