/** What a step says while it runs, sent on at most ten times a second; the rest goes with its result. */
import { inspect } from "node:util";
import type { JsonText } from "../../domain/json-text.ts";
import type { LogLevel, LogLine } from "../../ports/plugin-pool.ts";
import type { Progress } from "../messages.ts";

const SEND_EVERY_MS = 100;
const MAX_LINE_BYTES = 8 * 1024;
const MAX_LINES = 10_000;

export interface Outbox {
  log(level: LogLevel, message: string, data?: JsonText): void;
  progress(progress: Progress): void;
  /** Sends what there is, at once. */
  flush(): void;
  /** Ends sending and returns the lines that are left; what comes later is dropped. */
  close(): LogLine[];
}

type Send = (lines: readonly LogLine[], progress: Progress | null) => void;

export function createOutbox(send: Send): Outbox {
  let lines: LogLine[] = [];
  let progress: Progress | null = null;
  let written = 0;
  let sentAt = performance.now();
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    sentAt = performance.now();
    if (lines.length === 0 && progress === null) return;
    send(lines, progress);
    lines = [];
    progress = null;
  }

  /** By the time, not by the timer alone: a plugin that never yields is heard too. */
  function flushSoon(): void {
    const waitMs = sentAt + SEND_EVERY_MS - performance.now();
    if (waitMs <= 0) flush();
    else timer ??= setTimeout(flush, waitMs).unref();
  }

  return {
    log(level, message, data) {
      if (isClosed) return;
      written += 1;
      if (written > MAX_LINES) return;
      lines.push({ at: Date.now(), level, message: cap(toText(message)), data: fitting(data) });
      flushSoon();
    },
    progress(next) {
      if (isClosed) return;
      progress = next;
      flushSoon();
    },
    flush,
    close() {
      isClosed = true;
      clearTimeout(timer);
      if (written > MAX_LINES) {
        const message = `${written - MAX_LINES} more lines were dropped: a step keeps ${MAX_LINES}.`;
        lines.push({ at: Date.now(), level: "warn", message, data: null });
      }
      return lines;
    },
  };
}

/** A plugin in JavaScript may log anything. */
function toText(message: unknown): string {
  return typeof message === "string" ? message : inspect(message);
}

function cap(message: string): string {
  if (message.length * 3 <= MAX_LINE_BYTES) return message;
  const bytes = Buffer.byteLength(message);
  if (bytes <= MAX_LINE_BYTES) return message;
  // A sequence cut in half decodes to one replacement character, which is left off.
  const head = Buffer.from(message)
    .toString("utf8", 0, MAX_LINE_BYTES)
    .replace(/\uFFFD$/, "");
  return `${head}… (${bytes} bytes in all)`;
}

function fitting(data: JsonText | undefined): JsonText | null {
  if (data === undefined) return null;
  const bytes = Buffer.byteLength(data);
  return bytes <= MAX_LINE_BYTES
    ? data
    : (JSON.stringify({ dropped: `${bytes} bytes of data, over ${MAX_LINE_BYTES}` }) as JsonText);
}
