import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { JsonText } from "../../domain/json-text.ts";
import type { LogLine } from "../../ports/plugin-pool.ts";
import type { Progress } from "../messages.ts";
import { createLogBuffer } from "./log-buffer.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function openBuffer(logLimitBytes = 1024 * 1024) {
  const sent: { lines: readonly LogLine[]; progress: Progress | null }[] = [];
  const buffer = createLogBuffer((lines, progress) => sent.push({ lines, progress }), {
    logLimitBytes,
    logLimitLines: 10_000,
  });
  return { sent, buffer };
}

test("lines logged together are sent as one message, with the newest progress", () => {
  const { buffer, sent } = openBuffer();
  buffer.log("info", "one");
  buffer.progress({ fraction: 0.1, message: null });
  buffer.log("warn", "two");
  buffer.progress({ fraction: 0.2, message: null });
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.lines.map(({ message }) => message)).toEqual(["one", "two"]);
  expect(sent[0]?.progress).toEqual({ fraction: 0.2, message: null });
  vi.advanceTimersByTime(1000);
  expect(sent).toHaveLength(1);
});

test("close returns the lines that were not sent, and later lines are dropped", () => {
  const { buffer, sent } = openBuffer();
  buffer.log("info", "one");
  expect(buffer.close().lines.map(({ message }) => message)).toEqual(["one"]);
  buffer.log("info", "late");
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
});

test("a line is cut at 8 KiB, between characters", () => {
  const { buffer } = openBuffer();
  buffer.log("info", `x${"é".repeat(5000)}`);
  const [line] = buffer.close().lines;
  expect(line?.message).toBe(`x${"é".repeat(4095)}… (10001 bytes in total)`);
});

test("data over 8 KiB is replaced by a note of its size", () => {
  const { buffer } = openBuffer();
  buffer.log("info", "big", JSON.stringify({ a: "x".repeat(9000) }) as JsonText);
  expect(buffer.close().lines[0]?.data).toBe('{"dropped":"9008 bytes of data; the limit is 8192"}');
});

test("a log has at most as many lines as the job has left, and the last line counts the dropped ones", () => {
  const { buffer, sent } = openBuffer();
  for (let n = 0; n < 10_005; n += 1) buffer.log("info", String(n));
  vi.advanceTimersByTime(100);
  const { lines: rest, droppedLines } = buffer.close();
  const lines = [...sent.flatMap((message) => message.lines), ...rest];
  expect(droppedLines).toBe(5);
  expect(lines).toHaveLength(10_001);
  expect(lines.at(-1)).toMatchObject({
    level: "warn",
    message: expect.stringMatching(
      /^5 more lines were dropped: a job can log 10000 lines, /,
    ) as string,
  });
});

test("a log over its limit in bytes ends without a gap, and names the setting", () => {
  const { buffer } = openBuffer(1024);
  for (const length of [1000, 100, 10]) buffer.log("info", "x".repeat(length));
  const { lines, droppedLines } = buffer.close();
  expect(lines.map(({ message }) => message.length)).toEqual([1000, expect.any(Number)]);
  expect(lines[1]?.message).toContain("2 more lines were dropped");
  expect(lines[1]?.message).toContain("1024 bytes of PLAYGROUND_LOG_LIMIT left");
  expect(droppedLines).toBe(2);
});
