/**
 * The message ports to a generation's threads. Logs, progress and faults come in; stop requests go
 * out. Piscina's own channel carries only tasks and results, and does not show which thread runs
 * which task. Each thread's shared state does, even after the thread has died.
 */
import { receiveMessageOnPort } from "node:worker_threads";
import {
  SHARED_STATE,
  type Hello,
  type RunMessage,
  type StopRequest,
  type ThreadMessage,
} from "./messages.ts";

export interface ThreadPorts {
  /** `exit` resolves when the thread has ended. */
  add(hello: Hello, exit: Promise<void>): void;
  /** Asks the run to stop, whichever thread has it. A thread that is still starting gets the request too. */
  requestStop(run: number, reason: string): void;
  /** Handles the messages that have arrived and were not read yet. */
  readMessages(): void;
  /** The thread's current run; null when the thread is idle or unknown. */
  runOf(threadId: number): number | null;
  /** When the run started, on the monotonic clock, and whether it was its thread's first; null when it has not started. */
  startOf(run: number): { readonly at: number; readonly isFirstOfThread: boolean } | null;
  /** Resolves when the thread of the run has ended. */
  endOf(run: number): Promise<void>;
  /** Drops what is stored about a run that has ended. */
  forget(run: number): void;
  close(): void;
}

interface Thread extends Hello {
  hasEnded: boolean;
  readonly exit: Promise<void>;
  /** The processes that the thread has started and that have not ended. */
  readonly children: Set<number>;
}

export function createThreadPorts(options: {
  readonly onMessage: (message: RunMessage) => void;
  /** A thread has ended and left processes behind, which were killed. */
  readonly onOrphans: () => void;
}): ThreadPorts {
  const threads = new Map<number, Thread>();
  const stopRequests = new Map<number, StopRequest>();

  function handle({ children }: Thread, message: ThreadMessage): void {
    if (message.kind !== "child") options.onMessage(message);
    else if (message.hasEnded) children.delete(message.pid);
    else children.add(message.pid);
  }

  function end(thread: Thread): void {
    thread.hasEnded = true;
    // A thread that died in a run stays in the map until that run is forgotten.
    if (read(thread, "run") === 0) threads.delete(thread.threadId);
    if (thread.children.size === 0) return;
    for (const pid of thread.children) killChild(pid);
    thread.children.clear();
    options.onOrphans();
  }

  return {
    add(hello, exit) {
      const thread: Thread = { ...hello, exit, hasEnded: false, children: new Set() };
      threads.set(hello.threadId, thread);
      hello.port.on("message", (message: ThreadMessage) => handle(thread, message));
      hello.port.on("close", () => end(thread));
      hello.port.unref();
      for (const request of stopRequests.values()) send(thread, request);
    },
    requestStop(run, reason) {
      const request: StopRequest = { kind: "stop", run, reason };
      stopRequests.set(run, request);
      for (const thread of threads.values()) send(thread, request);
    },
    readMessages() {
      for (const thread of threads.values())
        for (const message of unread(thread)) handle(thread, message);
    },
    runOf(threadId) {
      const thread = threads.get(threadId);
      return (thread && read(thread, "run")) || null;
    },
    startOf(run) {
      const thread = threads.values().find((each) => read(each, "run") === run);
      if (thread === undefined) return null;
      return { at: read(thread, "startedAt"), isFirstOfThread: read(thread, "runCount") === 1 };
    },
    async endOf(run) {
      await threads.values().find((each) => read(each, "run") === run)?.exit;
    },
    forget(run) {
      stopRequests.delete(run);
      for (const thread of threads.values()) {
        if (thread.hasEnded && read(thread, "run") === run) threads.delete(thread.threadId);
      }
    },
    close() {
      for (const { port } of threads.values()) port.close();
    },
  };
}

/** The id cannot belong to another process, because nothing has reaped this one. */
function killChild(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function send({ port }: Thread, request: StopRequest): void {
  port.postMessage(request);
}

function read({ sharedState }: Thread, field: keyof typeof SHARED_STATE): number {
  return Number(Atomics.load(sharedState, SHARED_STATE[field]));
}

function* unread({ port }: Thread): Generator<ThreadMessage> {
  for (;;) {
    const received: { message: ThreadMessage } | undefined = receiveMessageOnPort(port);
    if (received === undefined) return;
    yield received.message;
  }
}
