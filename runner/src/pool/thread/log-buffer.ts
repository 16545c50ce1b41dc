/** Collects a step's log lines and progress, and sends them at most ten times a second. */
import { inspect } from "node:util";
import type { JsonText } from "../../domain/json-text.ts";
import { MAX_LOG_LINES } from "../../domain/limits.ts";
import type { LogLevel, LogLine, StepTask } from "../../ports/plugin-pool.ts";
import type { Progress } from "../messages.ts";
import { systemClock } from "../../system/clock.ts";

const SEND_EVERY_MS = 100;
const MAX_LINE_BYTES = 8 * 1024;

export interface LogBuffer {
  log(level: LogLevel, message: string, data?: JsonText): void;
  progress(progress: Progress): void;
  /** Sends the collected lines and progress immediately. */
  flush(): void;
  /** Returns the lines that were not sent, and the number of lines over the limit. Drops all later lines. */
  close(): { lines: LogLine[]; droppedLines: number };
}

type Send = (lines: readonly LogLine[], progress: Progress | null) => void;

export function createLogBuffer(
  send: Send,
  { logLimitBytes, logLimitLines }: Pick<StepTask, "logLimitBytes" | "logLimitLines">,
): LogBuffer {
  let lines: LogLine[] = [];
  let progress: Progress | null = null;
  let kept = 0;
  let bytes = 0;
  let dropped = 0;
  let sentAt = systemClock.monotonic();
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    sentAt = systemClock.monotonic();
    if (lines.length === 0 && progress === null) return;
    send(lines, progress);
    lines = [];
    progress = null;
  }

  /** Compares the time and does not only set a timer: no timer fires in a plugin that never yields. */
  function flushSoon(): void {
    const waitMs = sentAt + SEND_EVERY_MS - systemClock.monotonic();
    if (waitMs <= 0) flush();
    else timer ??= setTimeout(flush, waitMs).unref();
  }

  return {
    log(level, message, data) {
      if (isClosed) return;
      // After the first dropped line all others are dropped too, so that the log has no gap.
      if (dropped > 0 || kept >= logLimitLines) return void (dropped += 1);
      const line = {
        at: systemClock.now(),
        level,
        message: cap(toText(message)),
        data: fitting(data),
      };
      bytes += Buffer.byteLength(line.message) + Buffer.byteLength(line.data ?? "");
      if (bytes > logLimitBytes) return void (dropped += 1);
      kept += 1;
      lines.push(line);
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
      if (dropped > 0) {
        const message = `${dropped} more lines were dropped: a job can log ${MAX_LOG_LINES} lines, and this one had ${logLimitLines} lines and ${logLimitBytes} bytes of PLAYGROUND_LOG_LIMIT left.`;
        lines.push({ at: systemClock.now(), level: "warn", message, data: null });
      }
      return { lines, droppedLines: dropped };
    },
  };
}

/** A plugin in JavaScript can log a value of any type. */
export function toText(message: unknown): string {
  return typeof message === "string" ? message : inspect(message);
}

function cap(message: string): string {
  if (message.length * 3 <= MAX_LINE_BYTES) return message;
  const bytes = Buffer.byteLength(message);
  if (bytes <= MAX_LINE_BYTES) return message;
  // A character that is cut in half decodes to one replacement character, which is removed.
  const head = Buffer.from(message)
    .toString("utf8", 0, MAX_LINE_BYTES)
    .replace(/\uFFFD$/, "");
  return `${head}… (${bytes} bytes in total)`;
}

function fitting(data: JsonText | undefined): JsonText | null {
  if (data === undefined) return null;
  const bytes = Buffer.byteLength(data);
  return bytes <= MAX_LINE_BYTES
    ? data
    : (JSON.stringify({
        dropped: `${bytes} bytes of data; the limit is ${MAX_LINE_BYTES}`,
      }) as JsonText);
}
