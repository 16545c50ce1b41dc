import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Transient } from "../../domain/errors.ts";
import type { Change, FromWriter, Outcome, ToWriter, WriterData } from "./change.ts";
import { toError } from "./store-error.ts";

export interface WriterThread {
  /**
   * Applies one batch at a time. Rejects with `Transient` when the thread dies over it: the batch
   * may be stored then or not. The next call starts the thread again.
   */
  apply(changes: readonly Change[]): Promise<readonly Outcome[]>;
  /** Closes the database and ends the thread. */
  close(): Promise<void>;
}

/** Starts the thread; rejects with `CannotOpen` when it cannot open the database. */
export async function createWriterThread(options: {
  entry: URL;
  path: string;
}): Promise<WriterThread> {
  let worker: Worker | null = null;

  async function running(): Promise<Worker> {
    if (worker !== null) return worker;
    const started = await start(options.entry, { path: options.path });
    started.once("exit", () => {
      if (worker === started) worker = null;
    });
    worker = started;
    return started;
  }

  await running();
  return {
    async apply(changes) {
      try {
        const message = await ask(await running(), { kind: "batch", changes });
        if (message.kind === "outcomes") return message.outcomes;
        throw new Error(`it answered ${message.kind}`);
      } catch (cause) {
        await worker?.terminate();
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Transient("STORE_WRITER_DIED", `The store's writer thread died: ${why}.`, {
          cause,
        });
      }
    },
    async close() {
      if (worker === null) return;
      send(worker, { kind: "close" });
      await once(worker, "exit");
    },
  };
}

async function start(entry: URL, data: WriterData): Promise<Worker> {
  const worker = new Worker(entry, { workerData: data, name: "store-writer" });
  // An error between two batches would end the process; the exit that follows tells enough.
  worker.on("error", () => {});
  const message = await answer(worker);
  if (message.kind === "cannot-open") throw toError(message.error);
  return worker;
}

function ask(worker: Worker, message: ToWriter): Promise<FromWriter> {
  send(worker, message);
  return answer(worker);
}

function send(worker: Worker, message: ToWriter): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(message);
}

/** The thread's next message; rejects when it ends before. */
function answer(worker: Worker): Promise<FromWriter> {
  return new Promise((resolve, reject) => {
    function settle(conclude: () => void): void {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      conclude();
    }
    const onMessage = (message: FromWriter): void => settle(() => resolve(message));
    const onError = (error: unknown): void => settle(() => reject(error));
    const onExit = (code: number): void =>
      settle(() => reject(new Error(`it exited with ${code}`)));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  });
}
