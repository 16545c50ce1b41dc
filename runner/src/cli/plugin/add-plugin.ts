import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Settings } from "../../config.ts";
import { scan } from "../../pool/catalog/scan.ts";
import { BUILT_IN_PLUGINS } from "../../startup/open-plugins.ts";
import type { Given } from "../command-contract.ts";
import { CommandFailed } from "../command-failed.ts";
import type { addPlugin as contract } from "../contract/author.ts";
import { packageOf, writeEntry } from "./installed-plugin.ts";

const IMPORT_LIMIT_MS = 60_000;
const NPM = ["install", "--ignore-scripts", "--save-exact", "--no-audit", "--no-fund", "--silent"];

/** Installs the package beside the plugins, checks that it is one, and moves it into its place. */
export async function addPlugin(given: Given<typeof contract>): Promise<number> {
  const settings = given.settings();
  const pluginsDir = resolve(settings.pluginsDir);
  mkdirSync(pluginsDir, { recursive: true });
  // The daemon skips names that begin with a dot.
  const staging = mkdtempSync(join(pluginsDir, ".adding-"));
  try {
    const installed = install(given.arguments.PACKAGE, staging);
    const name = await pluginNameIn(staging, settings);
    const folder = join(pluginsDir, name);
    checkPlace({ name, folder, from: installed.name });
    replace(folder, staging);
    process.stdout.write(
      `Added plugin ${name}, ${installed.name} ${installed.version}, in ${relative(process.cwd(), folder)}.\n`,
    );
    return 0;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function install(
  spec: string,
  folder: string,
): { readonly name: string; readonly version: string } {
  // npm would not install into a folder without a package.json, but into one above it.
  writeFileSync(join(folder, "package.json"), `{ "private": true }\n`);
  const file = resolve(spec);
  const { status, error } = spawnSync("npm", [...NPM, existsSync(file) ? file : spec], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (error !== undefined) throw error;
  if (status === 0) return writeEntry(folder);
  throw new CommandFailed(1, `PACKAGE is "${spec}": npm could not install it.`);
}

async function pluginNameIn(folder: string, { env }: Settings): Promise<string> {
  const file = pathToFileURL(join(folder, "index.js")).href;
  const { signal } = new AbortController();
  const [answer] = await scan([{ file, limitMs: IMPORT_LIMIT_MS }], { env, signal });
  if (answer?.ok) return answer.plugin.name;
  throw new CommandFailed(1, `The package is not a plugin: ${answer?.error ?? "it was not read"}`);
}

function checkPlace({ name, folder, from }: { name: string; folder: string; from: string }): void {
  if (existsSync(join(BUILT_IN_PLUGINS, name))) {
    throw new CommandFailed(1, `The package's plugin is "${name}", as a built-in plugin is.`);
  }
  if (!existsSync(folder) || packageOf(folder) === from) return;
  throw new CommandFailed(
    1,
    `The package's plugin is "${name}", but ${folder} exists and does not come from the package ${from}. Remove one of them.`,
  );
}

function replace(folder: string, staging: string): void {
  const old = `${staging}-old`;
  if (existsSync(folder)) renameSync(folder, old);
  renameSync(staging, folder);
  rmSync(old, { recursive: true, force: true });
}
