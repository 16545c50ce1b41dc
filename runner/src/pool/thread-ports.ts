/**
 * The ports to a generation's threads: logs, progress and faults come in, stop requests go out. Piscina's
 * own channel carries tasks and results only, and does not tell which thread has which task; the
 * sharedState that each thread shares does, even after the thread's death.
 */
import { receiveMessageOnPort } from "node:worker_threads";
import { SHARED_STATE, type Hello, type StopRequest, type ThreadMessage } from "./messages.ts";

export interface ThreadPorts {
  add(hello: Hello): void;
  /** Asks the step to stop, in whichever thread it runs, and in one that is only starting. */
  requestStop(run: number, reason: string): void;
  /** Hands out the message that has arrived but was not read yet. */
  readMessages(): void;
  /** The run that the thread is at; null when it is idle or not known. */
  runOf(threadId: number): number | null;
  /** When the run began, and whether it was the first of its thread; null when it has not begun. */
  beginOf(run: number): { readonly at: number; readonly isFirstOfThread: boolean } | null;
  /** The run has ended: nothing more will be asked about it. */
  forget(run: number): void;
  close(): void;
}

interface Thread extends Hello {
  isGone: boolean;
}

export function createThreadPorts(onMessage: (message: ThreadMessage) => void): ThreadPorts {
  const threads = new Map<number, Thread>();
  const stopRequests = new Map<number, StopRequest>();

  return {
    add(hello) {
      const thread: Thread = { ...hello, isGone: false };
      threads.set(hello.threadId, thread);
      hello.port.on("message", onMessage);
      hello.port.on("close", () => {
        thread.isGone = true;
        // One that died at work is kept until its run has asked `beginOf`.
        if (read(thread, "run") === 0) threads.delete(thread.threadId);
      });
      hello.port.unref();
      for (const request of stopRequests.values()) tell(thread, request);
    },
    requestStop(run, reason) {
      const request: StopRequest = { kind: "stop", run, reason };
      stopRequests.set(run, request);
      for (const thread of threads.values()) tell(thread, request);
    },
    readMessages() {
      for (const thread of threads.values())
        for (const message of unread(thread)) onMessage(message);
    },
    runOf(threadId) {
      const thread = threads.get(threadId);
      return (thread && read(thread, "run")) || null;
    },
    beginOf(run) {
      const thread = threads.values().find((each) => read(each, "run") === run);
      if (thread === undefined) return null;
      return { at: read(thread, "begunAt"), isFirstOfThread: read(thread, "runs") === 1 };
    },
    forget(run) {
      stopRequests.delete(run);
      for (const thread of threads.values()) {
        if (thread.isGone && read(thread, "run") === run) threads.delete(thread.threadId);
      }
    },
    close() {
      for (const { port } of threads.values()) port.close();
    },
  };
}

function tell({ port }: Thread, request: StopRequest): void {
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
