/**
 * Contents of files in a local folder: `ab/<sha256>`, with the first two digits as the folder. A content
 * is written to `<random>.part`, synced and renamed, so that what has a content's name is whole.
 */
import { createHash, randomBytes } from "node:crypto";
import { open, rename, rm, stat, statfs, utimes, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileContents, WrittenContent } from "../ports/file-contents.ts";
import { PART_SUFFIX } from "./content-names.ts";
import { giveToOwnerOf } from "../system/give-to-owner.ts";
import { createDiskReserve } from "./disk-reserve.ts";
import { makeFolder } from "./make-folder.ts";
import { groupsIn, sweepGroup } from "./sweep-group.ts";
import { syncFolder } from "./sync-folder.ts";

/** Nobody changes a content: its name would be wrong. */
const CONTENT_MODE = 0o400;
const READ_BYTES = 256 * 1024;

export interface LocalContents extends FileContents {
  pathOf(sha256: string): string;
  /**
   * Makes contents as new as if they were written now, so that no sweep removes them before their files
   * are stored. Rejects if one is gone.
   */
  renew(sha256s: readonly string[]): Promise<void>;
}

/** `freeBytes` returns the free bytes of the disk with the folder, or null if the system does not tell. */
export function createLocalContents(root: string, freeBytes = freeBytesAt): LocalContents {
  const disk = createDiskReserve(() => freeBytes(root));
  const folderOf = (sha256: string): string => join(root, sha256.slice(0, 2));
  const pathOf = (sha256: string): string => join(folderOf(sha256), sha256);

  async function moveIntoPlace(part: string, sha256: string): Promise<void> {
    const folder = folderOf(sha256);
    const isNew = await makeFolder(folder);
    if (isNew) await syncFolder(root);
    // Replaces the same content, if there is one, so that the file is new for the sweep.
    await rename(part, pathOf(sha256));
    await syncFolder(folder);
  }

  return {
    shared: null,
    pathOf,
    async write(source, { check, accept, size = null }) {
      await makeFolder(root);
      const part = join(root, `${randomBytes(16).toString("hex")}${PART_SUFFIX}`);
      try {
        if (size !== null) await disk.look(size);
        const written = await writePart(part, source, (bytes, total) => {
          check(total);
          return disk.take(bytes);
        });
        accept?.(written);
        await moveIntoPlace(part, written.sha256);
        return written;
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
    async read(sha256, range) {
      try {
        const handle = await open(pathOf(sha256), "r");
        return handle.createReadStream({ highWaterMark: READ_BYTES, ...range });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      }
    },
    async renew(sha256s) {
      const now = new Date();
      for (const sha256 of new Set(sha256s)) await utimes(pathOf(sha256), now, now);
    },
    groups: () => groupsIn(root),
    sweep: (group, request) => sweepGroup(root, group, request),
  };
}

async function freeBytesAt(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** The size of a content, or null if there is none. */
export async function contentSize(root: string, sha256: string): Promise<number | null> {
  const found = await stat(join(root, sha256.slice(0, 2), sha256)).catch(() => null);
  return found?.isFile() === true ? found.size : null;
}

async function writePart(
  part: string,
  source: AsyncIterable<Uint8Array>,
  /** Called before each write. */
  onBytes: (bytes: number, total: number) => Promise<void> | void,
): Promise<WrittenContent> {
  const hash = createHash("sha256");
  let size = 0;
  const handle = await open(part, "wx", CONTENT_MODE);
  try {
    giveToOwnerOf(dirname(part), handle.fd);
    for await (const chunk of source) {
      const room = onBytes(chunk.byteLength, size + chunk.byteLength);
      if (room !== undefined) await room;
      hash.update(chunk);
      await writeAll(handle, chunk);
      size += chunk.byteLength;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest("hex"), size };
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength;) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.byteLength - at);
    at += bytesWritten;
  }
}
