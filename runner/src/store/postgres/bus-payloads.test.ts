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

test.each(["hello", "", "5", "x 5", "x null", "x {}", ' [{"kind":"jobs"}]', "x [", "x y"])(
  "the payload %j, which no daemon has sent, is ignored",
  (payload) => {
    expect(parsePayload(payload)).toMatchObject({ messages: [], ignored: 1 });
  },
);

const claim = { jobId: "job_1", fence: 1, owner: null };
const delivery = {
  deliveryId: "dlv_1",
  subjectId: "job_1",
  kind: "completed",
  state: "due",
  attempts: 1,
  dueAt: null,
} as const;
const progress = { fraction: null, message: null, at: 1 };
const failure = { code: "CANCELLED", message: "m" } as const;

/** One of each kind. */
const MESSAGES: readonly BusMessage[] = [
  ...(
    ["jobs", "due", "batches", "bulk", "webhook-off", "tokens", "sessions", "missed"] as const
  ).map((kind) => ({ kind })),
  { kind: "paused", destination: 1, failuresInRow: 5 },
  { kind: "resumed", destination: 1 },
  { kind: "circuit-closed", destination: 1 },
  { kind: "delivery", delivery },
  { kind: "claim-lost", claim },
  { kind: "watch", ids: ["job_1"], everything: true },
  ...(
    [
      { kind: "changed", status: "failed", endedAt: 1, failure },
      { kind: "changed", status: "running", completedSteps: 1, startedAt: 1 },
      { kind: "step-progress", progress },
      { kind: "logged" },
      { kind: "batch-ended" },
      { kind: "removed" },
    ] as const
  ).map((signal) => ({ kind: "job" as const, id: "job_1", signal })),
];

test.each(MESSAGES)("the others read $kind", (message) => {
  expect(messagesOf(toPayloads(SENDER, [message]))).toEqual([message]);
});

test.each([
  5,
  null,
  [],
  "jobs",
  {},
  { kind: "of-a-newer-version" },
  { kind: "toString" },
  { kind: ["jobs"] },
  { kind: "resumed" },
  { kind: "resumed", destination: "1" },
  { kind: "paused", destination: 1.5, failuresInRow: 5 },
  { kind: "watch", everything: true },
  { kind: "watch", ids: 5, everything: true },
  { kind: "watch", ids: [5], everything: true },
  { kind: "claim-lost", claim: null },
  { kind: "claim-lost", claim: { ...claim, fence: "1" } },
  { kind: "delivery", delivery: { ...delivery, state: "lost" } },
  { kind: "job", id: "job_1" },
  { kind: "job", id: "job_1", signal: { kind: "new" } },
  { kind: "job", id: "job_1", signal: { kind: "changed", status: "odd" } },
  { kind: "job", id: "job_1", signal: { kind: "changed", status: "failed", failure: "no" } },
  { kind: "job", id: "job_1", signal: { kind: "step-progress", progress: null } },
])("%j is ignored, and what is beside it is read", (odd) => {
  const payload = `${SENDER} ${JSON.stringify([odd, { kind: "jobs" }])}`;
  expect(parsePayload(payload)).toEqual({
    sender: SENDER,
    messages: [{ kind: "jobs" }],
    ignored: 1,
  });
});

test("a number that is too large for one is ignored", () => {
  const payload = `${SENDER} [{"kind":"paused","destination":1e999,"failuresInRow":5}]`;
  expect(parsePayload(payload).messages).toEqual([]);
});
