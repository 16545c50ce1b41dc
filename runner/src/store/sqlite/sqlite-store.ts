/**
 * A store in one SQLite file, for one daemon. All writes go through the writer thread, so that the
 * main thread never waits for an fsync. Reads run on the main thread, on a separate connection.
 */
import { extname } from "node:path";
import type { Store } from "../../ports/store/store.ts";
import { openReader } from "./connection.ts";
import { lockDatabase } from "./lock.ts";
import { ensurePrivate } from "./make-private.ts";
import { createReads } from "./reads.ts";
import { createWriteQueue } from "../shared/write-queue.ts";
import { createWriterThread, type WriterEntry } from "./writer-thread.ts";
import { createWrites } from "../shared/writes.ts";

// `.ts` in the repository, `.js` in the published package.
const WRITER = new URL(`./writer${extname(import.meta.url)}`, import.meta.url);

/**
 * Opens the database file, and creates it if it is missing. `writer` is the writer thread's file.
 * `secureDelete` overwrites what is deleted with zeros.
 * `onWriteFailed` gets the error of each rejected write.
 * With `exclusive` false, several stores can have the file open, and `reap` spares valid leases.
 * Rejects with `CannotOpen` if another daemon uses the file, its schema is newer than this program,
 * or it is not a database.
 */
export async function createSqliteStore({
  path,
  writer = WRITER,
  secureDelete = false,
  exclusive = true,
  onWriteFailed,
}: {
  path: string;
  writer?: WriterEntry;
  exclusive?: boolean;
  secureDelete?: boolean;
  onWriteFailed?: ((error: unknown) => void) | undefined;
}): Promise<Store> {
  const unlock = exclusive ? lockDatabase(path) : () => undefined;
  try {
    ensurePrivate(path);
    const thread = await createWriterThread({ entry: writer, path, secureDelete, exclusive });
    const queue = createWriteQueue(thread, onWriteFailed);
    const reader = openReader(path);
    const close = async (): Promise<void> => {
      await queue.drain();
      // The writer closes last: the last connection moves the WAL into the database, and a reader
      // cannot.
      reader.close();
      await thread.close();
      unlock();
    };
    let closed: Promise<void> | null = null;
    return {
      ...createWrites(queue),
      ...createReads(reader),
      returnFreeSpace: ({ limit }) => thread.returnFreeSpace(limit),
      // The file stays open. What fails is told by onWriteFailed.
      whyNotReady: () => [],
      close: () => (closed ??= close()),
    };
  } catch (error) {
    unlock();
    throw error;
  }
}
