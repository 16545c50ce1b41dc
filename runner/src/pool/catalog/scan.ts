/**
 * Reads plugin files in a process that exists for one scan, because importing a native package can
 * crash its process. The process reads the files in a thread (scan-in-threads.ts). When a file ends
 * the process, a new process reads that file once more, as its first.
 */
import { spawnExecutor } from "../../executor/spawn-executor.ts";
import type { ScanAnswer, ScanFile } from "../messages.ts";

/** In addition to the time limit of one file: native code can keep its thread from ending. */
const ANSWER_GRACE_MS = 10_000;

export interface ScanOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Returns one result per file, in the order of the files. */
export async function scan(
  files: readonly ScanFile[],
  options: ScanOptions,
): Promise<ScanAnswer[]> {
  const answers: ScanAnswer[] = [];
  while (answers.length < files.length && !options.signal.aborted) {
    const before = answers.length;
    const end = await readInProcess(files.slice(before), {
      ...options,
      onAnswer: (answer) => answers.push(answer),
    });
    if (answers.length === files.length || options.signal.aborted) break;
    const isFirst = answers.length === before;
    if (isFirst || end.isTooSlow) answers.push({ ok: false, ...end, imported: [] });
  }
  return answers;
}

interface ProcessEnd {
  readonly error: string;
  /** Whether the file that was being read exceeded its time limit. It is certainly the cause then. */
  readonly isTooSlow: boolean;
}

async function readInProcess(
  files: readonly ScanFile[],
  options: ScanOptions & { onAnswer: (answer: ScanAnswer) => void },
): Promise<ProcessEnd> {
  const { env, signal, onAnswer } = options;
  let answered = 0;
  let isTooSlow = false;
  let timer: NodeJS.Timeout | undefined;
  const limitMs = (): number => files[Math.min(answered, files.length - 1)]?.limitMs ?? 0;

  function startTimer(): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isTooSlow = true;
      executor.kill();
    }, limitMs() + ANSWER_GRACE_MS);
  }

  const executor = spawnExecutor({
    env,
    onMessage(message) {
      if (message.kind !== "scanned") return;
      answered += 1;
      startTimer();
      onAnswer(message.answer);
    },
  });
  startTimer();
  signal.addEventListener("abort", executor.kill, { once: true });
  executor.send({ kind: "scan", request: { files, env } });
  const how = await executor.ended;
  clearTimeout(timer);
  signal.removeEventListener("abort", executor.kill);
  return isTooSlow
    ? { error: `importing the file took longer than ${limitMs()} ms`, isTooSlow }
    : { error: `importing the file ended its process: ${how}`, isTooSlow };
}
