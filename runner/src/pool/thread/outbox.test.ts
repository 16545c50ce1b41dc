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

function openOutbox() {
  const sent: { lines: readonly LogLine[]; progress: Progress | null }[] = [];
  return { sent, outbox: createOutbox((lines, progress) => sent.push({ lines, progress })) };
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
  expect(outbox.close().map(({ message }) => message)).toEqual(["one"]);
  outbox.log("info", "late");
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
});

test("a line is cut at 8 KiB, between characters", () => {
  const { outbox } = openOutbox();
  outbox.log("info", `x${"é".repeat(5000)}`);
  const [line] = outbox.close();
  expect(line?.message).toBe(`x${"é".repeat(4095)}… (10001 bytes in all)`);
});

test("data over 8 KiB is dropped, and said so", () => {
  const { outbox } = openOutbox();
  outbox.log("info", "big", JSON.stringify({ a: "x".repeat(9000) }) as JsonText);
  expect(outbox.close()[0]?.data).toBe('{"dropped":"9008 bytes of data, over 8192"}');
});

test("a step keeps 10,000 lines and tells how many more there were", () => {
  const { outbox, sent } = openOutbox();
  for (let n = 0; n < 10_005; n += 1) outbox.log("info", String(n));
  vi.advanceTimersByTime(100);
  const lines = [...sent.flatMap((news) => news.lines), ...outbox.close()];
  expect(lines).toHaveLength(10_001);
  expect(lines.at(-1)).toMatchObject({
    level: "warn",
    message: "5 more lines were dropped: a step keeps 10000.",
  });
});
