/**
 * `node runner/scripts/pack.ts [FOLDER]` writes the package of the daemon, as npm publishes it, into
 * FOLDER (dist/) and prints its path. The package has the same tree as the clone, with JavaScript in
 * place of TypeScript, so that every path that the code resolves is the same in both.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { licenceFaults } from "./package/licence-faults.ts";
import { publishedManifest } from "./package/manifest.ts";
import { SHIPPED_DIRS } from "./package/shipped-dirs.ts";
import { shippedPackages } from "./package/shipped-packages.ts";
import { renderThirdParty } from "./package/third-party.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RUNNER = join(ROOT, "runner");
const TSC = join(ROOT, "node_modules/.bin/tsc");

const staging = mkdtempSync(join(tmpdir(), "playground-pack-"));
try {
  process.stdout.write(`${pack(resolve(process.argv[2] ?? join(ROOT, "dist")))}\n`);
} finally {
  rmSync(staging, { recursive: true });
}

/** Returns the path of the package. */
function pack(folder: string): string {
  const packages = shippedPackages(SHIPPED_DIRS);
  const faults = licenceFaults(packages);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  run(TSC, ["-p", join(RUNNER, "tsconfig.package.json"), "--outDir", staging]);
  for (const file of filesToCopy()) copy(file);
  cpSync(join(ROOT, "LICENSE"), join(staging, "LICENSE"));
  const manifest = publishedManifest();
  write("package.json", `${JSON.stringify(manifest, null, 2)}\n`);
  write("THIRD-PARTY.md", renderThirdParty(packages));
  mkdirSync(folder, { recursive: true });
  run("npm", ["pack", staging, "--silent", "--pack-destination", folder]);
  return join(folder, `${manifest.name}-${manifest.version}.tgz`);
}

/** What the compiler does not write. */
function filesToCopy(): readonly string[] {
  const found = globSync(["README.md", "src/**/*.sql"], { cwd: RUNNER });
  return existsSync(join(RUNNER, "console/dist")) ? [...found, "console/dist"] : found;
}

function copy(path: string): void {
  mkdirSync(dirname(join(staging, path)), { recursive: true });
  cpSync(join(RUNNER, path), join(staging, path), { recursive: true });
}

function write(path: string, text: string): void {
  writeFileSync(join(staging, path), text);
}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}
