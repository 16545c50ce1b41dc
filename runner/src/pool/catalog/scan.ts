/**
 * Reads plugin files in a thread that exists for one scan. When a file ends the thread, a new thread
 * reads that file once more, as its first, because an earlier file can be the cause. When a file
 * exceeds its time limit, a new thread reads the files after it.
 */
import { Worker } from "node:worker_threads";
import { UNSETTLED_AWAIT, type ScanAnswer, type ScanOrder, type ScanReady } from "../messages.ts";

const MEMORY_MB = 512;
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = new URL(`./scan-entry.${extension}`, import.meta.url);

export interface ScanOptions {
  /** Time limit for importing the file, in ms. */
  readonly limitOf: (file: string) => number;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Returns one result per file, in the order of the files. */
export async function scan(files: readonly string[], options: ScanOptions): Promise<ScanAnswer[]> {
  const answers: ScanAnswer[] = [];
  while (answers.length < files.length && !options.signal.aborted) {
    const before = answers.length;
    const end = await readInThread(files.slice(before), {
      ...options,
      onAnswer: (a) => answers.push(a),
    });
    const isFirst = answers.length === before;
    if (end !== null && (isFirst || end.isCertain)) {
      answers.push({ ok: false, error: end.error, isTooSlow: end.isCertain, imported: [] });
    }
  }
  return answers;
}

interface BadEnd {
  readonly error: string;
  /** Whether the file that was being read is certainly the cause, because it exceeded its time limit. */
  readonly isCertain: boolean;
}

/** Resolves to null when every file was read. */
function readInThread(
  files: readonly string[],
  options: ScanOptions & { onAnswer: (answer: ScanAnswer) => void },
): Promise<BadEnd | null> {
  const { limitOf, signal, onAnswer } = options;
  const { promise, resolve } = Promise.withResolvers<BadEnd | null>();
  const worker = new Worker(ENTRY, {
    workerData: { files } satisfies ScanOrder,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    env: options.env,
    stdin: true,
    stdout: true,
    stderr: true,
  });
  // Nobody needs what files print during their import, and unread output would fill the memory.
  worker.stdout.resume();
  worker.stderr.resume();
  let left = files.length;
  let end: BadEnd | null = null;
  let timer: NodeJS.Timeout | undefined;

  function startTimer(): NodeJS.Timeout {
    const limitMs = limitOf(files.at(-Math.max(1, left)) ?? "");
    return setTimeout(() => {
      const error = `importing the file took longer than ${limitMs} ms`;
      end = { error, isCertain: true };
      void worker.terminate();
    }, limitMs);
  }

  const onAbort = (): void => void worker.terminate();
  signal.addEventListener("abort", onAbort, { once: true });
  worker.on("message", (said: ScanAnswer | ScanReady) => {
    clearTimeout(timer);
    if (said !== "ready") {
      left -= 1;
      onAnswer(said);
    }
    // The timer also runs after the last file, because a plugin can keep the thread from ending.
    timer = startTimer();
  });
  worker.on("error", (error) => {
    end = { error: `importing the file ended its thread: ${messageOf(error)}`, isCertain: false };
  });
  worker.on("exit", (code) => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    const error =
      code === UNSETTLED_AWAIT
        ? "a top-level await never settles, in the file or in one that it imports: nothing is left to run that could settle it"
        : `importing the file ended its thread with exit code ${code}`;
    resolve(left === 0 ? null : (end ?? { error, isCertain: false }));
  });
  return promise;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
