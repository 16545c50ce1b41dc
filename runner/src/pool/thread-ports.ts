/**
 * The ports to a crew's threads: logs, progress and faults come in, stop requests go out. Piscina's
 * own channel carries tasks and results only, and does not tell which thread has which task; the
 * slate that each thread shares does, even after the thread's death.
 */
import { receiveMessageOnPort } from "node:worker_threads";
import { SLATE, type Hello, type StopRequest, type ThreadNews } from "./messages.ts";

export interface ThreadPorts {
  add(hello: Hello): void;
  /** Asks the step to stop, in whichever thread it runs, and in one that is only starting. */
  requestStop(run: number, reason: string): void;
  /** Hands out the news that has arrived but was not read yet. */
  readNews(): void;
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

export function createThreadPorts(onNews: (news: ThreadNews) => void): ThreadPorts {
  const threads = new Map<number, Thread>();
  const stopRequests = new Map<number, StopRequest>();

  return {
    add(hello) {
      const thread: Thread = { ...hello, isGone: false };
      threads.set(hello.threadId, thread);
      hello.port.on("message", onNews);
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
    readNews() {
      for (const thread of threads.values()) for (const news of unread(thread)) onNews(news);
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

function read({ slate }: Thread, field: keyof typeof SLATE): number {
  return Number(Atomics.load(slate, SLATE[field]));
}

function* unread({ port }: Thread): Generator<ThreadNews> {
  for (;;) {
    const received: { message: ThreadNews } | undefined = receiveMessageOnPort(port);
    if (received === undefined) return;
    yield received.message;
  }
}
