/** Explains an import of a package that is not installed, with the command that installs it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the runner's package.json. */
const RUNNER = fileURLToPath(new URL("../../", import.meta.url));
const INSTALLED = `${sep}node_modules${sep}`;

/** Null if the error is another one. */
export function explainMissingPackage(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const [, specifier, from] =
    /^Cannot find (?:package|module) '([^'./\\][^':\\]*)'(?: imported from (.+))?/.exec(
      error.message,
    ) ?? [];
  const importer = from ?? requiredBy(error);
  if (specifier === undefined || importer === undefined) return null;
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  const folder = folderFor(importer);
  const prefix = folder === process.cwd() ? "" : `--prefix ${shown(folder)} `;
  const command = `npm install ${prefix}${name}${versionFor(name, importer)}`;
  const then = importer.startsWith(RUNNER) ? ", then start the daemon again" : "";
  return `the package "${name}" is not installed: run \`${command}\`${then}`;
}

/** The first file of `Require stack:`. */
function requiredBy(error: Error): string | undefined {
  return (error as { requireStack?: readonly string[] }).requireStack?.[0];
}

/** The nearest folder with a package.json, or the importing file's own. A clone of the project does not count. */
function folderFor(importer: string): string {
  const at = importer.indexOf(INSTALLED);
  if (at !== -1) return importer.slice(0, at);
  for (let dir = dirname(importer); dir !== dirname(dir); dir = dirname(dir)) {
    if (RUNNER.startsWith(`${dir}${sep}`) && !RUNNER.includes(INSTALLED)) break;
    if (existsSync(join(dir, "package.json"))) return dir;
  }
  return dirname(importer);
}

function shown(folder: string): string {
  const path = relative(process.cwd(), folder);
  return path.startsWith("..") ? folder : path;
}

/** The version that a built-in plugin was tested with. */
function versionFor(name: string, importer: string): string {
  if (!importer.startsWith(RUNNER)) return "";
  const { peerDependencies = {} } = JSON.parse(
    readFileSync(join(RUNNER, "package.json"), "utf8"),
  ) as { peerDependencies?: Readonly<Record<string, string>> };
  const version = peerDependencies[name]?.replace("^", "");
  return version === undefined ? "" : `@${version}`;
}
