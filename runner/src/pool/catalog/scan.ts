/**
 * Reads plugin files in a thread that lives for one scan. A file that hangs is given up after the
 * deadline; a file that ends the thread is read once more, first in a thread of its own, since the
 * fault may be what a file before it left behind. The rest is read in a new thread.
 */
import { Worker } from "node:worker_threads";
import type { ScanAnswer, ScanOrder, ScanReady } from "../messages.ts";

const MEMORY_MB = 512;
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = new URL(`./scan-entry.${extension}`, import.meta.url);

export interface ScanOptions {
  readonly importTimeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** One answer for each file, in their order. */
export async function scan(files: readonly string[], options: ScanOptions): Promise<ScanAnswer[]> {
  const answers: ScanAnswer[] = [];
  while (answers.length < files.length && !options.signal.aborted) {
    const before = answers.length;
    const end = await readInThread(files.slice(before), {
      ...options,
      onAnswer: (a) => answers.push(a),
    });
    const isFirst = answers.length === before;
    if (end !== null && (isFirst || end.isCertain)) answers.push({ ok: false, error: end.error });
  }
  return answers;
}

interface BadEnd {
  readonly error: string;
  /** The file that was being read did it, whatever was read before. */
  readonly isCertain: boolean;
}

/** Null when every file was read. */
function readInThread(
  files: readonly string[],
  options: ScanOptions & { onAnswer: (answer: ScanAnswer) => void },
): Promise<BadEnd | null> {
  const { importTimeoutMs, signal, onAnswer } = options;
  const { promise, resolve } = Promise.withResolvers<BadEnd | null>();
  const worker = new Worker(ENTRY, {
    workerData: { files } satisfies ScanOrder,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    env: options.env,
    stdin: true,
    stdout: true,
    stderr: true,
  });
  // What files print when they are imported is nobody's; unread it would pile up.
  worker.stdout.resume();
  worker.stderr.resume();
  let left = files.length;
  let end: BadEnd | null = null;
  let timer: NodeJS.Timeout | undefined;

  function giveUpLater(): NodeJS.Timeout {
    return setTimeout(() => {
      const error = `importing the file took longer than ${importTimeoutMs} ms`;
      end = { error, isCertain: true };
      void worker.terminate();
    }, importTimeoutMs);
  }

  const onAbort = (): void => void worker.terminate();
  signal.addEventListener("abort", onAbort, { once: true });
  worker.on("message", (said: ScanAnswer | ScanReady) => {
    clearTimeout(timer);
    if (said !== "ready") {
      left -= 1;
      onAnswer(said);
    }
    // After the last it has only to end, which a plugin may have made impossible.
    timer = giveUpLater();
  });
  worker.on("error", (error) => {
    end = { error: `importing the file ended its thread: ${messageOf(error)}`, isCertain: false };
  });
  worker.on("exit", (code) => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    const error = `importing the file ended its thread with exit code ${code}`;
    resolve(left === 0 ? null : (end ?? { error, isCertain: false }));
  });
  return promise;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
