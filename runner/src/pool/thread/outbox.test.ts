import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { JsonText } from "../../domain/json-text.ts";
import type { LogLine } from "../../ports/plugin-pool.ts";
import type { Progress } from "../messages.ts";
import { createOutbox } from "./outbox.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function openOutbox(limitBytes = 1024 * 1024) {
  const sent: { lines: readonly LogLine[]; progress: Progress | null }[] = [];
  const outbox = createOutbox((lines, progress) => sent.push({ lines, progress }), limitBytes);
  return { sent, outbox };
}

test("lines of one moment go as one message, with the newest progress", () => {
  const { outbox, sent } = openOutbox();
  outbox.log("info", "one");
  outbox.progress({ fraction: 0.1, message: null });
  outbox.log("warn", "two");
  outbox.progress({ fraction: 0.2, message: null });
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.lines.map(({ message }) => message)).toEqual(["one", "two"]);
  expect(sent[0]?.progress).toEqual({ fraction: 0.2, message: null });
  vi.advanceTimersByTime(1000);
  expect(sent).toHaveLength(1);
});

test("what was not sent is handed over at the end, and later lines are dropped", () => {
  const { outbox, sent } = openOutbox();
  outbox.log("info", "one");
  expect(outbox.close().lines.map(({ message }) => message)).toEqual(["one"]);
  outbox.log("info", "late");
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
});

test("a line is cut at 8 KiB, between characters", () => {
  const { outbox } = openOutbox();
  outbox.log("info", `x${"é".repeat(5000)}`);
  const [line] = outbox.close().lines;
  expect(line?.message).toBe(`x${"é".repeat(4095)}… (10001 bytes in all)`);
});

test("data over 8 KiB is dropped, and said so", () => {
  const { outbox } = openOutbox();
  outbox.log("info", "big", JSON.stringify({ a: "x".repeat(9000) }) as JsonText);
  expect(outbox.close().lines[0]?.data).toBe('{"dropped":"9008 bytes of data, over 8192"}');
});

test("a step keeps 10,000 lines and tells how many more there were", () => {
  const { outbox, sent } = openOutbox();
  for (let n = 0; n < 10_005; n += 1) outbox.log("info", String(n));
  vi.advanceTimersByTime(100);
  const { lines: rest, droppedLines } = outbox.close();
  const lines = [...sent.flatMap((message) => message.lines), ...rest];
  expect(droppedLines).toBe(5);
  expect(lines).toHaveLength(10_001);
  expect(lines.at(-1)).toMatchObject({
    level: "warn",
    message: expect.stringMatching(
      /^5 more lines were dropped: a step keeps 10000 lines, /,
    ) as string,
  });
});

test("a step keeps so many bytes, without a gap, and tells which setting says how many", () => {
  const { outbox } = openOutbox(1024);
  for (const length of [1000, 100, 10]) outbox.log("info", "x".repeat(length));
  const { lines, droppedLines } = outbox.close();
  expect(lines.map(({ message }) => message.length)).toEqual([1000, expect.any(Number)]);
  expect(lines[1]?.message).toContain("2 more lines were dropped");
  expect(lines[1]?.message).toContain("1024 bytes left of PLAYGROUND_LOG_LIMIT");
  expect(droppedLines).toBe(2);
});
