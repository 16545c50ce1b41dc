/**
 * Removes contents that no file has. A content without a file can be one whose file is about to be
 * stored, so only old ones are removed. Between the look and the removal, somebody can write the same
 * content again: it is renamed first, and comes back if what was renamed is new or has a file.
 */
import { lstat, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FileContents, Swept } from "../ports/file-contents.ts";
import { isContentName, isPartName, isUnusedName, UNUSED_SUFFIX } from "./content-names.ts";

type Request = Parameters<FileContents["sweep"]>[1];

/** Contents asked for at a time: the store answers on the main thread. */
const AT_A_TIME = 100;

/** The group of unfinished writes, which are in the root. The other groups are folders. */
const PARTS = "";

export async function groupsIn(root: string): Promise<readonly string[]> {
  const names = await namesIn(root);
  return [PARTS, ...names.filter((name) => /^[0-9a-f]{2}$/.test(name)).toSorted()];
}

export async function sweepGroup(root: string, prefix: string, request: Request): Promise<Swept> {
  const removed =
    prefix === PARTS
      ? await removeParts(root, request.writtenBefore)
      : await removeContents(join(root, prefix), prefix, request);
  return { removed: removed.length, bytes: removed.reduce((sum, bytes) => sum + bytes, 0) };
}

/** Returns the bytes of each content that was removed. */
async function removeContents(
  folder: string,
  prefix: string,
  request: Request,
): Promise<readonly number[]> {
  const names = await namesIn(folder);
  const removed: number[] = [];
  const leftOver = names.filter((name) => isUnusedName(name) && name.startsWith(prefix));
  for (const name of leftOver) removed.push(...(await finish(folder, name, request)));
  const contents = names.filter((name) => isContentName(name) && name.startsWith(prefix));
  for (let at = 0; at < contents.length; at += AT_A_TIME) {
    const some = contents.slice(at, at + AT_A_TIME);
    const old = await filterOld(folder, some, request.writtenBefore);
    if (old.length === 0) continue;
    const used = await request.used(old);
    for (const name of old.filter((each) => !used.has(each))) {
      const unused = `${name}${UNUSED_SUFFIX}`;
      if (!(await moved(join(folder, name), join(folder, unused)))) continue;
      removed.push(...(await finish(folder, unused, request)));
    }
  }
  return removed;
}

/** Removes what was renamed, or gives it its name back. Returns the bytes removed, if any were. */
async function finish(
  folder: string,
  unused: string,
  { writtenBefore, used }: Request,
): Promise<number[]> {
  const name = unused.slice(0, -UNUSED_SUFFIX.length);
  const path = join(folder, unused);
  const info = await lstat(path).catch(() => null);
  if (info === null || !info.isFile()) return [];
  const isNeeded = info.mtimeMs >= writtenBefore || (await used([name])).has(name);
  // The same content may have been written again meanwhile. Then both are equal.
  if (isNeeded) {
    await rename(path, join(folder, name));
    return [];
  }
  await rm(path, { force: true });
  return [info.size];
}

async function removeParts(root: string, before: number): Promise<number[]> {
  const parts = (await namesIn(root)).filter((name) => isPartName(name));
  const removed: number[] = [];
  for (const name of await filterOld(root, parts, before)) {
    const path = join(root, name);
    const info = await lstat(path).catch(() => null);
    if (info === null) continue;
    await rm(path, { force: true });
    removed.push(info.size);
  }
  return removed;
}

/** The regular files that were last written before the instant. */
async function filterOld(
  folder: string,
  names: readonly string[],
  before: number,
): Promise<string[]> {
  const old: string[] = [];
  for (const name of names) {
    const info = await lstat(join(folder, name)).catch(() => null);
    if (info?.isFile() === true && info.mtimeMs < before) old.push(name);
  }
  return old;
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
