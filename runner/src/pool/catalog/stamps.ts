/**
 * Stamps show whether files have changed: their size, times and inode. Every file in PLUGINS_DIR has
 * one, up to a limit, and every file that a plugin imports, wherever it is.
 */
import type { Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ImportedFile } from "../messages.ts";

/** The limit of files with a stamp that no plugin imports. 5,000 take 60 ms. */
export const MAX_STAMPED = 5000;
/** The limit of imported files under node_modules. An installation changes other stamps as well. */
const MAX_PACKAGED = 1000;

/** ctime as well, because a copy can keep the size and the modification time. */
export function stampOfFile(stats: Stats): string {
  return `${stats.isFile() ? stats.size : "/"}|${stats.mtimeMs}|${stats.ctimeMs}|${stats.ino}`;
}

export interface TreeStamp {
  /** Changes with the directory's files. */
  readonly text: string;
  /** Whether the directory contains more files than the limit. */
  readonly isOverLimit: boolean;
}

/**
 * Stamps a directory without what begins with a dot. Files near the top come first, so that the files
 * beyond the limit are those of subfolders. Throws temporary errors such as EMFILE.
 */
export async function stampTree(root: string, limit = MAX_STAMPED): Promise<TreeStamp> {
  const stamps: string[] = [];
  const folders = [root];
  for (const folder of folders) {
    for (const name of await namesIn(folder)) {
      if (name.startsWith(".")) continue;
      if (stamps.length >= limit) return { text: stamps.join("\n"), isOverLimit: true };
      const path = join(folder, name);
      const stats = await stat(path).catch(() => null);
      if (stats === null) continue;
      stamps.push(`${relative(root, path)}|${stampOfFile(stats)}`);
      if (!stats.isDirectory()) continue;
      if (name === "node_modules") stamps.push(...(await stampInstallation(path)));
      else folders.push(path);
    }
  }
  return { text: stamps.join("\n"), isOverLimit: false };
}

/** The files that npm, pnpm and Yarn write when an installation ends, and the folders of scopes. */
async function stampInstallation(dir: string): Promise<string[]> {
  const stamps: string[] = [];
  for (const name of await namesIn(dir)) {
    if (!/^[.@]/.test(name) || name === ".bin" || name === ".cache") continue;
    const stats = await stat(join(dir, name)).catch(() => null);
    if (stats !== null) stamps.push(`${name}|${stampOfFile(stats)}`);
  }
  return stamps;
}

/** The stamps that files had when a plugin imported them. */
export function stampsWhenImported(files: readonly ImportedFile[]): string {
  return stamped(files)
    .map(({ path, stamp }) => `${path}|${stamp}`)
    .join("\n");
}

/** The stamps that the same files have now. */
export async function stampsNow(files: readonly ImportedFile[]): Promise<string> {
  return stampsWhenImported(await stampFiles(stamped(files).map(({ path }) => path)));
}

/** The stamps of these files now. That of a missing file is empty. */
export async function stampFiles(paths: readonly string[]): Promise<ImportedFile[]> {
  const files: ImportedFile[] = [];
  for (const path of paths) {
    const stats = await stat(path).catch(() => null);
    files.push({ path, stamp: stats === null ? "" : stampOfFile(stats) });
  }
  return files;
}

function stamped(files: readonly ImportedFile[]): ImportedFile[] {
  let packaged = 0;
  return files.filter(({ path }) => {
    if (!/[\\/]node_modules[\\/]/.test(path)) return true;
    packaged += 1;
    return packaged <= MAX_PACKAGED;
  });
}

const NOTHING_TO_READ: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM"]);

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (NOTHING_TO_READ.has((error as NodeJS.ErrnoException).code)) return [];
    throw error;
  }
}
