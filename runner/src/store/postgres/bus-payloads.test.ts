import { expect, test } from "vitest";
import type { BusMessage } from "../../ports/bus.ts";
import { parsePayload, toPayloads } from "./bus-payloads.ts";

const SENDER = "0b5c4f2e-5a0f-4c7c-9f3f-1d5f3f8f1e11";

const watch = (text: string): BusMessage => ({ kind: "watch", ids: [text], everything: false });
const bytesOf = (payloads: readonly string[]) => payloads.map((each) => Buffer.byteLength(each));
const messagesOf = (payloads: readonly string[]) =>
  payloads.flatMap((each) => parsePayload(each).messages);

test("what one sends the others read, in its order", () => {
  const messages = [watch("ä"), { kind: "jobs" }, { kind: "resumed", destination: 3 }] as const;
  const payloads = toPayloads(SENDER, messages);
  expect(payloads.map((each) => parsePayload(each).sender)).toEqual([SENDER]);
  expect(messagesOf(payloads)).toEqual(messages);
});

test("many messages take several payloads, each below PostgreSQL's limit", () => {
  const messages = Array.from({ length: 300 }, (_, n) => watch(`${n}${"€".repeat(40)}`));
  const payloads = toPayloads(SENDER, messages);
  expect(payloads.length).toBeGreaterThan(1);
  expect(Math.max(...bytesOf(payloads))).toBeLessThan(8_000);
  expect(messagesOf(payloads)).toEqual(messages);
});

test("a message that fits into no payload is sent as missed", () => {
  for (const length of [7_700, 7_900, 8_000, 20_000]) {
    const payloads = toPayloads(SENDER, [watch("x".repeat(length))]);
    expect(Math.max(...bytesOf(payloads))).toBeLessThan(8_000);
  }
  expect(messagesOf(toPayloads(SENDER, [watch("x".repeat(20_000))]))).toEqual([{ kind: "missed" }]);
});

test("of several equal wake-ups one is sent", () => {
  const messages: BusMessage[] = [{ kind: "jobs" }, { kind: "due" }, { kind: "jobs" }];
  expect(messagesOf(toPayloads(SENDER, messages))).toEqual([{ kind: "jobs" }, { kind: "due" }]);
});

test("what no daemon has sent is ignored", () => {
  expect(parsePayload("hello").messages).toEqual([]);
  expect(parsePayload("").messages).toEqual([]);
});
