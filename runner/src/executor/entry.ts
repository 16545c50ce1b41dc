/**
 * The executor's process. It either runs steps in threads, or reads plugin files for the catalog and
 * ends. Its main thread runs no plugin code.
 */
import { flushCompileCache } from "node:module";
import type { ThreadPool } from "../pool/thread-pool.ts";
import type { ExecutorSettings, FromExecutor, ScanRequest, ToExecutor } from "./messages.ts";
import { createOutbox } from "./outbox.ts";

if (process.send === undefined)
  throw new Error("executor/entry runs as a child of the daemon only");

// Only the daemon decides when plugins end: systemd and a terminal send these to every process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("disconnect", () => {
  // The daemon has ended. Ends what plugins have started too, and does not wait for native work.
  if (process.platform !== "win32") process.kill(-process.pid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
});

const post = createOutbox<FromExecutor>((messages) => {
  process.send?.(messages, () => undefined);
});

const cancels = new Map<number, AbortController>();
let pool: Promise<ThreadPool> | null = null;

async function openPool(settings: ExecutorSettings): Promise<ThreadPool> {
  const { createThreadPool } = await import("../pool/thread-pool.ts");
  const opened = createThreadPool(settings, () => post({ kind: "orphans" }));
  post({ kind: "ready" });
  setImmediate(flushCompileCache);
  return opened;
}

async function run(message: ToExecutor & { kind: "run" }): Promise<void> {
  const { run: number, task } = message;
  const cancel = new AbortController();
  cancels.set(number, cancel);
  const outcome = await (
    await pool
  )?.run(
    { ...task, jobInput: task.jobInput ?? task.input },
    {
      signal: cancel.signal,
      onLog: (lines) => post({ kind: "log", run: number, lines }),
      onLogDropped: (count) => post({ kind: "log-dropped", run: number, count }),
      onProgress: (progress) => post({ kind: "progress", run: number, progress }),
    },
  );
  cancels.delete(number);
  if (outcome !== undefined) post({ kind: "ended", run: number, outcome });
}

async function scan({ files, ...options }: ScanRequest): Promise<void> {
  const { scanInThreads } = await import("../pool/catalog/scan-in-threads.ts");
  await scanInThreads(files, {
    ...options,
    onAnswer: (answer) => post({ kind: "scanned", answer }),
  });
  end();
}

/** Ends the process after the messages that are still waiting have been sent. */
function end(): void {
  setImmediate(() => process.send?.([], () => process.exit()));
}

function handle(message: ToExecutor): void {
  switch (message.kind) {
    case "open":
      pool = openPool(message.settings);
      break;
    case "run":
      void run(message);
      break;
    case "cancel":
      cancels.get(message.run)?.abort(message.reason ?? undefined);
      break;
    case "stale":
      void pool?.then((opened) => opened.markStale());
      break;
    case "close":
      void Promise.resolve(pool)
        .then((opened) => opened?.close())
        .then(end);
      break;
    case "scan":
      void scan(message.request);
      break;
  }
}

process.on("message", (messages: readonly ToExecutor[]) => {
  for (const message of messages) handle(message);
});
