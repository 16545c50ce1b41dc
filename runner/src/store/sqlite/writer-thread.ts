import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Transient } from "../../domain/errors.ts";
import type { Applied, Change, FromWriter, ToWriter, WriterData } from "./change.ts";
import { toError } from "./store-error.ts";

export interface WriterThread {
  /**
   * Applies batches in the order of the calls, which need not wait for each other. Rejects with
   * `Transient` when the thread dies: the batch may be stored then or not, those called after it are
   * not, and are rejected as well. The next call starts the thread again.
   */
  apply(changes: readonly Change[]): Promise<Applied>;
  /** Closes the database and ends the thread. */
  close(): Promise<void>;
}

/** Starts the thread; rejects with `CannotOpen` when it cannot open the database. */
export async function createWriterThread(options: {
  entry: URL;
  path: string;
}): Promise<WriterThread> {
  let running: Promise<Correspondent> | null = null;

  function thread(): Promise<Correspondent> {
    if (running === null) {
      const starting = start(options.entry, { path: options.path }, () => {
        if (running === starting) running = null;
      });
      running = starting;
    }
    return running;
  }

  await thread();
  return {
    async apply(changes) {
      try {
        const message = await (await thread()).ask({ kind: "batch", changes });
        if (message.kind === "applied") return message;
        throw new Error(`it answered ${message.kind}`);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Transient("STORE_WRITER_DIED", `The store's writer thread died: ${why}.`, {
          cause,
        });
      }
    },
    async close() {
      if (running === null) return;
      const { worker } = await running;
      send(worker, { kind: "close" });
      await once(worker, "exit");
    },
  };
}

/** A thread that answers each message with one, in order. */
interface Correspondent {
  readonly worker: Worker;
  /** Rejects when the thread ends before it has answered. */
  ask(message: ToWriter): Promise<FromWriter>;
}

async function start(entry: URL, data: WriterData, onExit: () => void): Promise<Correspondent> {
  const worker = new Worker(entry, { workerData: data, name: "store-writer" });
  let awaited: PromiseWithResolvers<FromWriter>[] = [];

  function answer(): Promise<FromWriter> {
    const next = Promise.withResolvers<FromWriter>();
    awaited.push(next);
    return next.promise;
  }

  function rejectAll(error: unknown): void {
    const lost = awaited;
    awaited = [];
    for (const { reject } of lost) reject(error);
  }

  worker.on("message", (message: FromWriter) => awaited.shift()?.resolve(message));
  // The exit that follows ends what is still asked; an error that nobody hears would end the process.
  let failure: unknown = null;
  worker.on("error", (error) => (failure = error));
  worker.on("exit", (code) => {
    onExit();
    rejectAll(failure ?? new Error(`it exited with ${code}`));
  });
  const message = await answer();
  if (message.kind === "cannot-open") throw toError(message.error);
  return {
    worker,
    ask(question) {
      send(worker, question);
      return answer();
    },
  };
}

function send(worker: Worker, message: ToWriter): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(message);
}
