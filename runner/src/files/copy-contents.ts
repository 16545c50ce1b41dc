/** Copies contents of files between folders, for backups. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, link, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { contentSize, createLocalContents, type LocalContents } from "./local-contents.ts";
import { makeFolder } from "./make-folder.ts";

interface Content {
  readonly sha256: string;
  readonly size: number;
}

/** Disks sync several files in about the time of one. */
const AT_A_TIME = 32;
/** Unlike the daemon, a backup can fill its disk. */
const untold = async (): Promise<null> => null;

export interface CopiedContents {
  readonly copied: number;
  /** In the first folder there is none, or it is another one. */
  readonly missing: readonly string[];
}

/** Copies what the second folder lacks, and checks the hash of each copy. What is copied is on disk. */
export async function copyContents(
  contents: readonly Content[],
  from: string,
  to: string,
): Promise<CopiedContents> {
  const [source, target] = [createLocalContents(from), createLocalContents(to, untold)];
  const missing: string[] = [];
  let copied = 0;
  async function copyOne({ sha256, size }: Content): Promise<void> {
    if ((await contentSize(to, sha256)) === size) return;
    const isThere = (await contentSize(from, sha256)) === size;
    if (isThere && (await copy(source.pathOf(sha256), target, sha256))) copied += 1;
    else missing.push(sha256);
  }
  for (let at = 0; at < contents.length; at += AT_A_TIME) {
    await Promise.all(contents.slice(at, at + AT_A_TIME).map(copyOne));
  }
  return { copied, missing };
}

/** Returns false if the file has another hash. */
async function copy(path: string, target: LocalContents, sha256: string): Promise<boolean> {
  let isRight = true;
  try {
    await target.write(createReadStream(path), {
      check: () => undefined,
      accept(written) {
        isRight = written.sha256 === sha256;
        if (!isRight) throw new Error(`${path} is damaged.`);
      },
    });
  } catch (error) {
    if (isRight) throw error;
  }
  return isRight;
}

/** Whether a file has the size and the hash. */
export async function isWhole({ sha256, size }: Content, path: string): Promise<boolean> {
  const hash = createHash("sha256");
  try {
    if ((await stat(path)).size !== size) return false;
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  return hash.digest("hex") === sha256;
}

/** Removes all contents and parts but those that are listed. */
export async function removeOtherContents(
  contents: readonly Content[],
  root: string,
): Promise<void> {
  const listed = new Set(contents.map(({ sha256 }) => sha256));
  const all = createLocalContents(root);
  for (const group of await all.groups()) {
    await all.sweep(group, { writtenBefore: Infinity, used: async () => listed });
  }
}

/** Gives contents a second name in another folder, so that they stay when the first is removed. */
export async function linkContents(
  contents: readonly Content[],
  from: string,
  to: string,
): Promise<void> {
  const [source, target] = [createLocalContents(from), createLocalContents(to)];
  for (const { sha256, size } of contents) {
    if ((await contentSize(from, sha256)) !== size) continue;
    const path = target.pathOf(sha256);
    await makeFolder(to);
    await makeFolder(dirname(path));
    await rm(path, { force: true });
    // Not every file system has links.
    await link(source.pathOf(sha256), path).catch(() => copyFile(source.pathOf(sha256), path));
  }
}

/** Returns the contents that are missing in the folder, or have another size. */
export async function missingContents(
  contents: readonly Content[],
  root: string,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { sha256, size } of contents) {
    if ((await contentSize(root, sha256)) !== size) missing.push(sha256);
  }
  return missing;
}
