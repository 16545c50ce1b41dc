/**
 * Finds the files that are plugins. Built-in ones are `NAME.ts` or `NAME/index.ts` (`.js` when the runner is built).
 * In PLUGINS_DIR they are `*.ts`, `*.mts`, `*.js`, `*.mjs` and `*.cjs` at the top, and folders with a package.json.
 * `*.tsx` and `*.jsx`, and folders with an index file but no package.json, are reported as broken. Names that begin with "_" or ".", and `.test.` and `.d.ts` files, are skipped, so name helpers like that.
 */
import type { Dirent } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

export interface PluginFile {
  /** `built-in`, or the path within PLUGINS_DIR. */
  readonly source: string;
  /** Shown as the name when the file declares none. */
  readonly label: string;
  readonly path: string;
  /** URL of the file to import; null when there is none, for the reason in `error`. */
  readonly file: string | null;
  readonly error: string | null;
  /** The version in the folder's package.json. */
  readonly version: string | null;
}

const HELPER = /^[._]|\.test\.|\.d\.[cm]?ts$/;
const JSX = /\.[jt]sx$/;
const DROPPED_IN = /\.(?:[cm]?js|m?ts)$/;

export async function findBuiltIns(dir: string, extension: string): Promise<PluginFile[]> {
  const found: PluginFile[] = [];
  for (const entry of await listed(dir)) {
    const name = entry.name.replace(new RegExp(`\\.${extension}$`), "");
    const path = entry.isDirectory()
      ? join(dir, entry.name, `index.${extension}`)
      : join(dir, entry.name);
    const isPlugin = entry.isDirectory() ? await exists(path) : name !== entry.name;
    if (isPlugin) found.push(toFile({ source: "built-in", label: name, path, entry: path }));
  }
  return found;
}

export async function findDroppedIn(dir: string): Promise<PluginFile[]> {
  const found: PluginFile[] = [];
  for (const entry of await listed(dir)) {
    const path = join(dir, entry.name);
    const isFolder = await isDirectory(path, entry);
    const described = { source: entry.name, label: entry.name.replace(DROPPED_IN, ""), path };
    if (isFolder) {
      const isPackage = await exists(join(path, "package.json"));
      const index = isPackage ? null : await findIndex(path);
      if (isPackage) found.push(await toPackage(described));
      else if (index !== null) found.push(lacksPackage(described, index));
    } else if (DROPPED_IN.test(entry.name)) {
      found.push(toFile({ ...described, entry: path }));
    } else if (JSX.test(entry.name)) {
      const error = `${entry.name}: Node runs no JSX, so this file cannot be a plugin. Name it ${entry.name.slice(0, -1)} if it has no JSX, or _${entry.name} if another file compiles it.`;
      found.push({ ...described, label: entry.name, file: null, error, version: null });
    }
  }
  return found;
}

function toFile(parts: {
  source: string;
  label: string;
  path: string;
  entry: string;
  version?: string | null;
}): PluginFile {
  const { entry, version = null, ...rest } = parts;
  return { ...rest, file: pathToFileURL(entry).href, error: null, version };
}

/** Silence would leave its author looking for the plugin in the list. */
function lacksPackage(
  parts: { readonly source: string; readonly label: string; readonly path: string },
  index: string,
): PluginFile {
  const { source } = parts;
  const error = `${source}: the folder has ${index} but no package.json. Add one, such as {"type": "module"}, if it is a plugin. Name the folder _${source} if it is not.`;
  return { ...parts, file: null, error, version: null };
}

/** The folder's entry is `exports` in its package.json, otherwise `main`, otherwise its index file. */
async function toPackage(parts: {
  source: string;
  label: string;
  path: string;
}): Promise<PluginFile> {
  const { path } = parts;
  try {
    const text = await readFile(join(path, "package.json"), "utf8");
    // Windows editors write a byte order mark, which Node accepts here.
    const manifest = JSON.parse(text.replace(/^\uFEFF/, "")) as unknown;
    const entry = entryOf(manifest) ?? (await firstIndex(path));
    const resolved = createRequire(join(path, "package.json")).resolve(`./${entry}`);
    // `resolved` is a real path. The folder itself can be a link, or be below one.
    if (relative(await realpath(path), resolved).startsWith(`..${sep}`)) {
      throw new Error(`its entry is ${JSON.stringify(entry)}: it must be inside the folder`);
    }
    return toFile({ ...parts, entry: resolved, version: versionOf(manifest) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const described = `${parts.source}/package.json: ${message}`;
    return { ...parts, file: null, error: described, version: null };
  }
}

function versionOf(manifest: unknown): string | null {
  const { version } = manifest as { version?: unknown };
  return typeof version === "string" && version !== "" ? version : null;
}

function entryOf(manifest: unknown): string | null {
  if (typeof manifest !== "object" || manifest === null)
    throw new Error("it must be a JSON object");
  const { exports, main } = manifest as { exports?: unknown; main?: unknown };
  const entry = exports === undefined ? main : importTarget(exports);
  if (entry === undefined) return null;
  if (typeof entry !== "string") {
    throw new Error(`"main" or "exports" must be the path of one file, such as "./index.ts"`);
  }
  return entry;
}

/** The target of an `import` of the package itself, through nested conditions. */
function importTarget(exports: unknown): unknown {
  if (typeof exports !== "object" || exports === null) return exports;
  const fields = exports as Record<string, unknown>;
  const target = fields["."] ?? fields["import"] ?? fields["node"] ?? fields["default"] ?? null;
  return importTarget(target);
}

async function firstIndex(dir: string): Promise<string> {
  const index = await findIndex(dir);
  if (index !== null) return index;
  throw new Error(
    `it has no "main" or "exports", and the folder has no index file: add one of them, such as index.ts`,
  );
}

async function findIndex(dir: string): Promise<string | null> {
  for (const extension of ["ts", "mts", "js", "mjs", "cjs"]) {
    if (await exists(join(dir, `index.${extension}`))) return `index.${extension}`;
  }
  return null;
}

/** Sorted, so that the plugins are always read in the same order. */
async function listed(dir: string): Promise<Dirent[]> {
  const entries = await entriesOf(dir);
  return entries
    .filter((entry) => !HELPER.test(entry.name) && entry.name !== "node_modules")
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const NOTHING_TO_READ: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM"]);

/**
 * Empty when the directory does not exist or access is denied. Throws temporary errors such as
 * EMFILE, because a directory that cannot be read for a moment has not lost its plugins.
 */
async function entriesOf(dir: string): Promise<Dirent[]> {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch (error) {
    if (NOTHING_TO_READ.has((error as NodeJS.ErrnoException).code)) return [];
    throw error;
  }
}

async function isDirectory(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const stats = await stat(path).catch(() => null);
  return stats?.isDirectory() ?? false;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
