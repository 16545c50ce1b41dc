import { EventEmitter } from "node:events";
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import type { ToWriter, WriterData } from "../../src/store/sqlite/change.ts";
import type { WriterWorker } from "../../src/store/sqlite/writer-thread.ts";
import type { StoreToServe } from "./writers/many-stores.ts";

const ENTRY = new URL("./writers/many-stores.ts", import.meta.url);

/**
 * Returns a `writer` for `createSqliteStore`. The stores of a test file share `count` real writer
 * threads, in turn: starting one takes longer than most tests of a store.
 */
export function createSharedWriters(count = 1): (data: WriterData) => WriterWorker {
  const threads: Worker[] = [];
  let next = 0;
  return (data) => {
    const thread = (threads[next] ??= startThread());
    next = (next + 1) % count;
    const { port1, port2 } = new MessageChannel();
    const toServe: StoreToServe = { data, port: port2 };
    thread.postMessage(toServe, [port2]);
    return new PortOfWriter(port1);
  };
}

function startThread(): Worker {
  const thread = new Worker(ENTRY, { name: "store-writer" });
  // It ends with the file's process. An open store's port keeps that process alive.
  thread.unref();
  return thread;
}

/** A port that looks like a thread which ends when the port is closed. */
class PortOfWriter extends EventEmitter implements WriterWorker {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on("message", (message) => this.emit("message", message));
    port.on("close", () => this.emit("exit", 0));
  }

  postMessage(message: ToWriter): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has no origin
    this.#port.postMessage(message);
  }
}
