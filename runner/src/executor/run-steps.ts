/** The executor's side of its steps: runs them in threads, and posts what happens to them. */
import { createThreadPool } from "../pool/thread-pool.ts";
import type { ExecutorSettings, FromExecutor, ToExecutor } from "./messages.ts";
import { createMemoryReporter } from "./report-memory.ts";

export interface Steps {
  handle(message: ToExecutor): void;
  /** Ends all threads. Steps that have not ended fail with CANCELLED. */
  close(): Promise<void>;
}

export function openSteps(
  settings: ExecutorSettings,
  post: (message: FromExecutor) => void,
): Steps {
  const pool = createThreadPool(settings, () => post({ kind: "orphans" }));
  const memory = createMemoryReporter(pool, (report) => post({ kind: "memory", memory: report }));
  const cancels = new Map<number, AbortController>();

  async function run({ run: number, task }: ToExecutor & { kind: "run" }): Promise<void> {
    const cancel = new AbortController();
    cancels.set(number, cancel);
    memory.stepStarted();
    const step = { ...task, jobInput: task.jobInput ?? task.input };
    const outcome = await pool.run(number, step, {
      signal: cancel.signal,
      onLog: (lines) => post({ kind: "log", run: number, lines }),
      onLogDropped: (count) => post({ kind: "log-dropped", run: number, count }),
      onProgress: (progress) => post({ kind: "progress", run: number, progress }),
      onLimitPause: (pause) => post({ kind: "pause-limit", run: number, pause }),
      onStuck: (failure) => post({ kind: "stuck", run: number, failure }),
    });
    memory.stepEnded();
    cancels.delete(number);
    post({ kind: "ended", run: number, outcome });
  }

  return {
    handle(message) {
      if (message.kind === "run") void run(message);
      else if (message.kind === "cancel") {
        cancels.get(message.run)?.abort(message.reason ?? undefined);
      } else if (message.kind === "end-step") pool.endStep(message.run, message.failure);
      else if (message.kind === "stale") pool.markStale();
    },
    close: () => pool.close(),
  };
}
