/**
 * Reads plugin files in a thread that exists for one scan. When a file ends the thread, a new thread
 * reads that file once more, as its first, because an earlier file can be the cause. When a file
 * exceeds its time limit, a new thread reads the files after it.
 */
import { Worker } from "node:worker_threads";
import {
  UNSETTLED_AWAIT,
  type ScanAnswer,
  type ScanFile,
  type ScanOrder,
  type ScanReady,
} from "../messages.ts";

const MEMORY_MB = 512;
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = new URL(`./scan-entry.${extension}`, import.meta.url);

interface ScanThreadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called once per file, in the order of the files. */
  readonly onAnswer: (answer: ScanAnswer) => void;
}

export async function scanInThreads(
  files: readonly ScanFile[],
  options: ScanThreadOptions,
): Promise<void> {
  let answered = 0;
  const onAnswer = (answer: ScanAnswer): void => {
    answered += 1;
    options.onAnswer(answer);
  };
  while (answered < files.length) {
    const before = answered;
    const end = await readInThread(files.slice(before), { ...options, onAnswer });
    const isFirst = answered === before;
    if (end !== null && (isFirst || end.isCertain)) {
      onAnswer({ ok: false, error: end.error, isTooSlow: end.isCertain, imported: [] });
    }
  }
}

interface BadEnd {
  readonly error: string;
  /** Whether the file that was being read is certainly the cause, because it exceeded its time limit. */
  readonly isCertain: boolean;
}

/** Resolves to null when every file was read. */
function readInThread(
  files: readonly ScanFile[],
  options: ScanThreadOptions,
): Promise<BadEnd | null> {
  const { onAnswer } = options;
  const { promise, resolve } = Promise.withResolvers<BadEnd | null>();
  const worker = new Worker(ENTRY, {
    workerData: { files: files.map(({ file }) => file) } satisfies ScanOrder,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    env: { ...options.env },
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
    const limitMs = files.at(-Math.max(1, left))?.limitMs ?? 0;
    return setTimeout(() => {
      const error = `importing the file took longer than ${limitMs} ms`;
      end = { error, isCertain: true };
      void worker.terminate();
    }, limitMs);
  }

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
