import { writeSync } from "node:fs";

/** Lines that wait for a reader, in bytes. Further lines are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** How often a write is repeated while the reader does not read. */
const RETRY_MS = 50;
/** How long the exit of the process waits for the reader. */
const EXIT_WAIT_MS = 500;

export interface LineOutput {
  /** The line must end with a line feed. */
  write(line: string): void;
}

/**
 * Writes lines to stdout or stderr immediately, and never waits for a reader that has stopped reading:
 * the lines then wait in memory, up to a limit. They are written at the latest when the process exits,
 * if the reader reads within `EXIT_WAIT_MS`. `onDropped` gets the number of lines that were lost.
 */
export function createLineOutput(
  stream: NodeJS.WriteStream & { fd: 1 | 2 },
  { onDropped = () => {} }: { onDropped?: (lines: number) => void } = {},
): LineOutput {
  // Reading `process.stdout` or `process.stderr` has made a pipe or socket non-blocking.
  const { fd } = stream;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  function flush(): "written" | "blocked" | "failed" {
    try {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const written = writeSync(fd, next);
        waitingBytes -= written;
        if (written < next.length) waiting[0] = next.subarray(written);
        else waiting.shift();
      }
      return "written";
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN") return "blocked";
      // Without a reader (EPIPE) nothing can be written again. Other errors, such as a full disk, can end.
      isClosed = code === "EPIPE";
      dropped += waiting.length;
      waiting = [];
      waitingBytes = 0;
      return "failed";
    }
  }

  function tryToWrite(): void {
    const outcome = flush();
    if (outcome === "blocked") timer = setTimeout(retry, RETRY_MS).unref();
    if (outcome !== "written" || dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    onDropped(lines);
  }

  function retry(): void {
    timer = undefined;
    tryToWrite();
  }

  process.on("exit", () => {
    const until = performance.now() + EXIT_WAIT_MS;
    while (flush() === "blocked" && performance.now() < until) block(10);
  });

  return {
    write(line) {
      if (isClosed) return;
      const bytes = Buffer.from(line);
      if (waiting.length > 0 && waitingBytes + bytes.length > MAX_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (timer === undefined) tryToWrite();
    },
  };
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
