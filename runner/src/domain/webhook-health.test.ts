import { describe, expect, test } from "vitest";
import {
  addFailure,
  judgeWebhook,
  type FailedAttempt,
  type FailingDays,
} from "./webhook-health.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const KEEP = { kind: "keep" };
const NONE: FailingDays = { last: 0, days: 0, unregisteredFrom: null };

const attempt = (status: number | null, number = 1, endedAt = 0) => ({
  status,
  number,
  endedAt,
  response: status === null ? null : "",
});

function healthOf(upDays: readonly number[], expiresAt: number | null = null) {
  const failingDays = upDays.reduce(
    (days, day) => addFailure(days, attempt(500), day * DAY_MS),
    NONE,
  );
  return { expiresAt, failingSince: 1_000, upMs: (upDays.at(-1) ?? 0) * DAY_MS, failingDays };
}

test("a 410 switches a webhook off immediately", () => {
  expect(judgeWebhook(attempt(410), healthOf([0]))).toEqual({
    kind: "switch-off",
    reason: "The endpoint responded with 410 Gone.",
  });
});

describe("five days in which every attempt failed", () => {
  test.each([
    ["with failures every day", [0, 1, 2, 3, 4, 5]],
    ["with failures on four of them", [0, 1, 2, 4, 5]],
    ["with many failures a day", [0, 0.1, 0.2, 1.9, 2, 2.5, 3, 3.1, 4.9, 5]],
    ["after a longer outage", [0, 7, 14, 20, 21, 22, 23]],
  ])("switch a webhook off: %s", (_, days) => {
    const off = {
      kind: "switch-off",
      reason: "Every attempt has failed since 1970-01-01T00:00:01.000Z.",
    };
    expect(judgeWebhook(attempt(null, 3), healthOf(days))).toEqual(off);
    expect(judgeWebhook(attempt(500), healthOf(days))).toEqual(off);
  });

  test.each([
    ["that have not passed", [0, 1, 2, 3, 4.99]],
    ["with failures on three of them", [0, 2, 4, 5]],
    ["when it is used every second day", [0, 2, 4, 6, 8, 10, 12]],
    [
      "when it is used once a week, with retries for two days",
      [0, 0.2, 1, 7, 7.2, 8, 14, 14.2, 15],
    ],
    ["when it fails again after a long time", [0, 1, 2, 3, 30]],
  ])("keep a webhook on: %s", (_, days) => {
    expect(judgeWebhook(attempt(500), healthOf(days))).toEqual(KEEP);
  });
});

test("a clock that was set back does not shift the days", () => {
  const first = addFailure(NONE, attempt(500), 3 * DAY_MS);
  const days = addFailure(first, attempt(500), DAY_MS);
  expect(days).toEqual({ last: 3, days: 0b1, unregisteredFrom: null });
});

describe("a 404", () => {
  test("removes an expired webhook at the second attempt of a delivery", () => {
    const expired = healthOf([0], 1_000);
    expect(judgeWebhook(attempt(404, 2, 999), expired)).toEqual(KEEP);
    expect(judgeWebhook(attempt(404, 1, 1_000), expired)).toEqual(KEEP);
    expect(judgeWebhook(attempt(404, 2, 1_000), expired)).toEqual({ kind: "remove" });
    expect(judgeWebhook(attempt(500, 2, 1_000), expired)).toEqual(KEEP);
  });

  test("keeps a webhook that does not expire", () => {
    expect(judgeWebhook(attempt(404, 2, 1_000), healthOf([0]))).toEqual(KEEP);
  });
});

describe("n8n's response that the webhook is not registered", () => {
  const HOUR_MS = DAY_MS / 24;
  const unregistered = {
    ...attempt(404),
    response:
      '{"code":404,"message":"The requested webhook \\"POST a/b\\" is not registered.","hint":"Publish it."}',
  };
  const otherMethod = {
    ...attempt(404),
    response: '{"code":404,"message":"This webhook is not registered for POST requests."}',
  };

  /** Judges the last of these attempts, each with the hour of running time in which it ended. */
  function judgeLast(attempts: readonly (readonly [number, FailedAttempt])[]) {
    const [hour, last] = attempts.at(-1)!;
    const failingDays = attempts.reduce(
      (days, [at, one]) => addFailure(days, one, at * HOUR_MS),
      NONE,
    );
    const upMs = hour * HOUR_MS;
    return judgeWebhook(last, { expiresAt: null, failingSince: 1_000, upMs, failingDays });
  }

  const PAUSE = {
    kind: "pause",
    reason:
      "For 24 hours n8n has responded that the webhook is not registered: its workflow was deleted or is not published.",
  };

  test.each<[string, [number, FailedAttempt][]]>([
    [
      "from the first failure on",
      [
        [0, unregistered],
        [24, unregistered],
      ],
    ],
    [
      "for another method too",
      [
        [0, unregistered],
        [1, otherMethod],
        [24, unregistered],
      ],
    ],
    [
      "after failures of another kind",
      [
        [0, attempt(500)],
        [2.5, unregistered],
        [27, unregistered],
      ],
    ],
    [
      "for longer than the five days",
      [
        [0, unregistered],
        [200, unregistered],
      ],
    ],
  ])("pauses the webhook after a day of nothing else: %s", (_, attempts) => {
    expect(judgeLast(attempts)).toEqual(PAUSE);
  });

  test.each<[string, [number, FailedAttempt][]]>([
    [
      "before the day has passed",
      [
        [0, unregistered],
        [23.9, unregistered],
      ],
    ],
    [
      "when another failure came between",
      [
        [0, unregistered],
        [12, attempt(502)],
        [30, unregistered],
      ],
    ],
    [
      "when the last failure is another",
      [
        [0, unregistered],
        [24, attempt(500)],
      ],
    ],
    [
      "when less than a day has passed since another failure",
      [
        [0, attempt(500)],
        [2.5, unregistered],
        [26.4, unregistered],
      ],
    ],
  ])("keeps it active %s", (_, attempts) => {
    expect(judgeLast(attempts)).toEqual(KEEP);
  });

  test.each([
    ["of another service", '{"message":"No such path."}'],
    ["that is no JSON", "The webhook is not registered"],
    ["that is null", "null"],
    ["that is empty", ""],
  ])("is not a 404 %s", (_, response) => {
    const other = { ...attempt(404), response };
    expect(
      judgeLast([
        [0, other],
        [24, other],
      ]),
    ).toEqual(KEEP);
  });
});
