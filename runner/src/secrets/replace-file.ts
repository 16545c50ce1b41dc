import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Transient } from "../domain/errors.ts";
import { giveToOwnerOf } from "../system/give-to-owner.ts";

const OWNER_ONLY = 0o600;

/** Another process is changing the file, or was killed while it did. */
export class FileBusy extends Transient {}

/**
 * Replaces the whole file with what `content` returns, and resolves when it is on disk. Null leaves the file
 * as it is. Only one process can change it at a time. Throws `FileBusy`.
 */
export async function replaceFile(path: string, content: () => string | null): Promise<void> {
  const next = `${path}.new`;
  const file = await open(next, "wx", OWNER_ONLY).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new FileBusy(
      "FILE_BUSY",
      `${next} exists: another process is changing ${path}. If no such process is running, delete the file and try again.`,
      { cause: error },
    );
  });
  try {
    const text = content();
    if (text === null) return await rm(next);
    await file.writeFile(text);
    giveToOwnerOf(dirname(path), file.fd);
    await file.sync();
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
