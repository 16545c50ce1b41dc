import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { BadSetting, ownCommand } from "../config.ts";
import { CHECKS } from "../pool/definition-faults.ts";
import { BUILT_IN_PLUGINS } from "../startup/open-plugins.ts";
import type { Given } from "./command-contract.ts";
import type { newPlugin as contract } from "./contract/author.ts";
import { pluginTemplate } from "./plugin-template.ts";

/** Writes a plugin with a test into a new folder, and prints what to do next. */
export async function newPlugin(given: Given<typeof contract>): Promise<number> {
  const name = given.arguments.NAME;
  const fault = CHECKS.name(name);
  if (fault !== null) throw new BadSetting(`NAME ${fault}.`);
  if (existsSync(join(BUILT_IN_PLUGINS, name))) {
    throw new BadSetting(`NAME is "${name}": it must not be the name of a built-in plugin.`);
  }
  const folder = join(resolve(given.settings().pluginsDir), name);
  if (existsSync(folder)) {
    throw new BadSetting(`NAME is "${name}": ${folder} exists. Choose another name.`);
  }
  mkdirSync(folder, { recursive: true });
  const files = Object.entries(pluginTemplate(name));
  for (const [file, text] of files) writeFileSync(join(folder, file), text);
  const shown = relative(process.cwd(), folder) || ".";
  process.stdout.write(`Created ${shown} with ${files.map(([file]) => file).join(", ")}.

Next:
${canImport(folder) ? "" : `  npm install --prefix ${shown}\n`}  npm test --prefix ${shown}
  ${ownCommand()} dev ${name}
`);
  return 0;
}

/** Whether a package.json above the folder has installed what the plugin and its test import. */
function canImport(folder: string): boolean {
  const { resolve: find } = createRequire(join(folder, "index.ts"));
  try {
    for (const name of ["playground-runner/test", "zod"]) find(name);
    return true;
  } catch {
    return false;
  }
}
