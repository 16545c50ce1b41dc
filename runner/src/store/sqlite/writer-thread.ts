import { once, type EventEmitter } from "node:events";
import { Worker } from "node:worker_threads";
import { Transient } from "../../domain/errors.ts";
import type { Applied, Change } from "../shared/change.ts";
import { toError, type ErrorData } from "../shared/error-data.ts";
import type { FromWriter, ToWriter, WriterData } from "./change.ts";

export interface WriterThread {
  /**
   * Applies write groups in the order of the calls. A call need not wait for the one before it. Rejects
   * with `Transient` if the thread dies: the group may have been stored or not. Groups sent after
   * it were not stored, and are rejected as well. The next call starts the thread again.
   */
  apply(changes: readonly Change[]): Promise<Applied>;
  /**
   * Returns up to `limit` free pages to the disk, between two groups, and tells whether there are more.
   * Rejects with `Transient` like `apply`.
   */
  returnFreeSpace(limit: number): Promise<boolean>;
  /** Closes the database and ends the thread. */
  close(): Promise<void>;
}

/** What is used of a `Worker`: its messages and its end. */
export interface WriterWorker extends EventEmitter {
  postMessage(message: ToWriter): void;
}

/** The file that the thread runs, or a function that starts the thread. */
export type WriterEntry = URL | ((data: WriterData) => WriterWorker);

/** Starts the thread. Rejects with `CannotOpen` if it cannot open the database. */
export async function createWriterThread({
  entry,
  ...data
}: WriterData & { readonly entry: WriterEntry }): Promise<WriterThread> {
  let running: Promise<RunningThread> | null = null;

  function thread(): Promise<RunningThread> {
    if (running === null) {
      const starting = start(entry, data, () => {
        if (running === starting) running = null;
      });
      running = starting;
    }
    return running;
  }

  async function request(message: ToWriter): Promise<FromWriter> {
    try {
      return await (await thread()).request(message);
    } catch (cause) {
      throw writerDied(cause);
    }
  }

  await thread();
  return {
    async apply(changes) {
      const reply = await request({ kind: "group", changes });
      if (reply.kind === "applied") return toApplied(reply);
      throw writerDied(new Error(`it replied with ${reply.kind} instead of applied`));
    },
    async returnFreeSpace(limit) {
      const reply = await request({ kind: "return-space", limit });
      if (reply.kind === "returned") return reply.more;
      if (reply.kind === "not-returned") throw toError(reply.error);
      throw writerDied(new Error(`it replied with ${reply.kind} instead of returned`));
    },
    async close() {
      if (running === null) return;
      const { worker } = await running;
      send(worker, { kind: "close" });
      await once(worker, "exit");
    },
  };
}

function writerDied(cause: unknown): Transient {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Transient("STORE_WRITER_DIED", `The store's writer thread died: ${why}.`, { cause });
}

function toApplied({ outcomes, commitMs }: Applied<ErrorData>): Applied {
  return {
    outcomes: outcomes.map((each) => (each.ok ? each : { ok: false, error: toError(each.error) })),
    commitMs,
  };
}

/** A thread that replies to each message with one message, in order. */
interface RunningThread {
  readonly worker: WriterWorker;
  /** Rejects if the thread ends before it replies. */
  request(message: ToWriter): Promise<FromWriter>;
}

async function start(
  entry: WriterEntry,
  data: WriterData,
  onExit: () => void,
): Promise<RunningThread> {
  const worker: WriterWorker =
    entry instanceof URL
      ? new Worker(entry, { workerData: data, name: "store-writer" })
      : entry(data);
  let pending: PromiseWithResolvers<FromWriter>[] = [];

  function nextReply(): Promise<FromWriter> {
    const next = Promise.withResolvers<FromWriter>();
    pending.push(next);
    return next.promise;
  }

  function rejectAll(error: unknown): void {
    const lost = pending;
    pending = [];
    for (const { reject } of lost) reject(error);
  }

  worker.on("message", (message: FromWriter) => pending.shift()?.resolve(message));
  // An error without a listener would end the process. The exit that follows rejects what is
  // pending.
  let failure: unknown = null;
  worker.on("error", (error) => (failure = error));
  worker.on("exit", (code) => {
    onExit();
    rejectAll(failure ?? new Error(`it exited with code ${code}`));
  });
  const first = await nextReply();
  if (first.kind === "cannot-open") throw toError(first.error);
  return {
    worker,
    request(message) {
      send(worker, message);
      return nextReply();
    },
  };
}

function send(worker: WriterWorker, message: ToWriter): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(message);
}
