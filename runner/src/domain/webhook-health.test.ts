import { describe, expect, test } from "vitest";
import { addFailingDay, judgeWebhook, type FailingDays } from "./webhook-health.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const KEEP = { kind: "keep" };
const NONE: FailingDays = { last: 0, days: 0 };

const attempt = (status: number | null, number = 1, endedAt = 0) => ({ status, number, endedAt });

function healthOf(upDays: readonly number[], expiresAt: number | null = null) {
  const failingDays = upDays.reduce((days, day) => addFailingDay(days, day * DAY_MS), NONE);
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
  const days = addFailingDay(addFailingDay(NONE, 3 * DAY_MS), DAY_MS);
  expect(days).toEqual({ last: 3, days: 0b1 });
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
