import { existsSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { BadSetting } from "../../config.ts";
import type { Given } from "../command-contract.ts";
import type { removePlugin as contract } from "../contract/author.ts";
import { packageOf } from "./installed-plugin.ts";

/** Deletes the folder of a plugin that `plugin add` has installed. */
export async function removePlugin(given: Given<typeof contract>): Promise<number> {
  const name = given.arguments.NAME;
  const pluginsDir = resolve(given.settings().pluginsDir);
  const folder = join(pluginsDir, name);
  if (!/^[a-z0-9-]+$/.test(name) || !existsSync(folder)) {
    throw new BadSetting(`NAME is "${name}": it must be the name of a folder in ${pluginsDir}.`);
  }
  if (packageOf(folder) === null) {
    throw new BadSetting(
      `NAME is "${name}": it must be a plugin from \`plugin add\`. ${folder} is not, so delete it yourself.`,
    );
  }
  // The daemon skips names that begin with a dot, so it never sees half of the folder.
  const removed = join(pluginsDir, `.removed-${name}`);
  renameSync(folder, removed);
  rmSync(removed, { recursive: true });
  process.stdout.write(`Removed plugin ${name}.\n`);
  return 0;
}
