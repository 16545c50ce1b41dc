/**
 * A store in one SQLite file, for one daemon. All writes go through the writer thread, so that the
 * main thread never waits for an fsync. Reads run on the main thread, on a separate connection.
 */
import { extname } from "node:path";
import type { Store } from "../../ports/store/store.ts";
import type { Change, Writes } from "./change.ts";
import { openReader } from "./connection.ts";
import { lockDatabase } from "./lock.ts";
import { ensurePrivate } from "./make-private.ts";
import { createReads } from "./reads.ts";
import { createWriteQueue, type WriteQueue } from "./write-queue.ts";
import { createWriterThread } from "./writer-thread.ts";

// `.ts` in the repository, `.js` in the published package.
const WRITER = new URL(`./writer${extname(import.meta.url)}`, import.meta.url);

/**
 * Opens the database file, and creates it if it is missing. `writer` is the writer thread's entry.
 * `secureDelete` overwrites what is deleted with zeros.
 * `onWriteFailed` gets the error of each rejected write.
 * Rejects with `CannotOpen` if another daemon uses the file, its schema is newer than this program,
 * or it is not a database.
 */
export async function createSqliteStore({
  path,
  writer = WRITER,
  secureDelete = false,
  onWriteFailed,
}: {
  path: string;
  writer?: URL;
  secureDelete?: boolean;
  onWriteFailed?: ((error: unknown) => void) | undefined;
}): Promise<Store> {
  const unlock = lockDatabase(path);
  try {
    ensurePrivate(path);
    const thread = await createWriterThread({ entry: writer, path, secureDelete });
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
      close: () => (closed ??= close()),
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function createWrites(queue: WriteQueue): Writes {
  const write =
    <Name extends keyof Writes>(name: Name) =>
    (...args: Parameters<Writes[Name]>) =>
      queue.write({ name, args } as Change) as ReturnType<Writes[Name]>;
  return {
    submitJob: write("submitJob"),
    submitBatch: write("submitBatch"),
    setBatchWebhook: write("setBatchWebhook"),
    endBatch: write("endBatch"),
    claimJobs: write("claimJobs"),
    commitTransition: write("commitTransition"),
    releaseJobs: write("releaseJobs"),
    requeueJob: write("requeueJob"),
    renewLeases: write("renewLeases"),
    reap: write("reap"),
    beat: write("beat"),
    setMeta: write("setMeta"),
    appendLogs: write("appendLogs"),
    pruneJobs: write("pruneJobs"),
    claimDeliveries: write("claimDeliveries"),
    recordAttempt: write("recordAttempt"),
    releaseDeliveries: write("releaseDeliveries"),
    giveUpOldDeliveries: write("giveUpOldDeliveries"),
    redeliver: write("redeliver"),
    recoverDeliveries: write("recoverDeliveries"),
    shiftDue: write("shiftDue"),
    registerWebhook: write("registerWebhook"),
    updateWebhook: write("updateWebhook"),
    removeWebhook: write("removeWebhook"),
    pruneWebhooks: write("pruneWebhooks"),
  };
}
