import { resolve } from "node:path";
import { ownCommand, type Settings } from "../config.ts";
import { createLoginKey } from "../secrets/login-keys.ts";
import { createVault, loadVaultKey } from "../secrets/vault.ts";
import { readAddress } from "../startup/address-file.ts";
import { CannotStart, cannotUseDataDir } from "../startup/cannot-start.ts";
import { toLoginLink } from "../startup/login-link.ts";
import type { Given } from "./command-contract.ts";
import { CommandFailed } from "./command-failed.ts";
import type { loginLink as contract } from "./contract/daemon.ts";

/** Prints a link for the daemon of the data folder. Its vault's key proves that the user may read it. */
export async function loginLink(given: Given<typeof contract>): Promise<number> {
  const settings = given.settings();
  const dataDir = resolve(settings.dataDir);
  const { address, key } = await read(settings, dataDir);
  if (address === null) {
    throw new CommandFailed(
      3,
      `No daemon is running with the data folder ${dataDir}. Start one with \`${ownCommand()} start\`, or name its data folder with --data-dir or PLAYGROUND_DATA_DIR.`,
    );
  }
  process.stderr.write("Open this link within ten minutes. It works once:\n");
  const loginKey = createLoginKey(createVault(key), Date.now());
  process.stdout.write(`${toLoginLink(settings.publicUrl ?? address, loginKey)}\n`);
  return 0;
}

/** Throws `CannotStart`. */
async function read(settings: Settings, dataDir: string) {
  try {
    const address = await readAddress(dataDir);
    // Without a daemon there may be no key, and the error is another one.
    if (address === null) return { address, key: Buffer.alloc(0) };
    const key = await loadVaultKey(dataDir, settings.secretKey, { mayMake: false });
    return { address, key };
  } catch (error) {
    throw error instanceof CannotStart ? error : cannotUseDataDir(error, settings);
  }
}
