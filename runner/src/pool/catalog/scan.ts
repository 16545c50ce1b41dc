/**
 * Reads plugin files in a process that exists for one scan, because importing a native package can
 * crash its process. The process reads the files in a thread (scan-in-threads.ts). When a file ends
 * the process, a new process reads that file once more, as its first.
 */
import { spawnExecutor } from "../../executor/spawn-executor.ts";
import type { ScanAnswer } from "../messages.ts";

/** In addition to the time limit of one file: native code can keep its thread from ending. */
const ANSWER_GRACE_MS = 10_000;

export interface ScanOptions {
  readonly importTimeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Returns one result per file, in the order of the files. */
export async function scan(files: readonly string[], options: ScanOptions): Promise<ScanAnswer[]> {
  const answers: ScanAnswer[] = [];
  while (answers.length < files.length && !options.signal.aborted) {
    const before = answers.length;
    const end = await readInProcess(files.slice(before), {
      ...options,
      onAnswer: (a) => answers.push(a),
    });
    if (answers.length === files.length || options.signal.aborted) break;
    const isFirst = answers.length === before;
    if (isFirst || end.isCertain) answers.push({ ok: false, error: end.error });
  }
  return answers;
}

interface ProcessEnd {
  readonly error: string;
  /** Whether the file that was being read is certainly the cause. */
  readonly isCertain: boolean;
}

async function readInProcess(
  files: readonly string[],
  options: ScanOptions & { onAnswer: (answer: ScanAnswer) => void },
): Promise<ProcessEnd> {
  const { importTimeoutMs, env, signal, onAnswer } = options;
  const limitMs = importTimeoutMs + ANSWER_GRACE_MS;
  let isTooSlow = false;
  const timer = setTimeout(() => {
    isTooSlow = true;
    executor.kill();
  }, limitMs);
  const executor = spawnExecutor({
    env,
    onMessage(message) {
      if (message.kind !== "scanned") return;
      timer.refresh();
      onAnswer(message.answer);
    },
  });
  signal.addEventListener("abort", executor.kill, { once: true });
  executor.send({ kind: "scan", request: { files, importTimeoutMs, env } });
  const how = await executor.ended;
  clearTimeout(timer);
  signal.removeEventListener("abort", executor.kill);
  return isTooSlow
    ? { error: `importing the file took longer than ${limitMs} ms`, isCertain: true }
    : { error: `importing the file ended its process: ${how}`, isCertain: false };
}
