import { describe, expect, test } from "vitest";
import type { Answer } from "./delivery.ts";
import { judgeWebhook, OFF_AFTER_MS } from "./webhook-health.ts";

const HEALTHY = { expiresAt: null, failingSince: null };
const KEEP = { kind: "keep" };

function answered(status: number): Answer {
  return { kind: "answered", status, body: "", retryAfter: null, tookMs: 0 };
}

function attempt(answer: Answer, more: { number?: number; isGivenUp?: boolean } = {}) {
  return { answer, number: 1, isGivenUp: false, ...more };
}

test("a 410 switches a webhook off immediately", () => {
  expect(judgeWebhook(attempt(answered(410)), HEALTHY, 0)).toEqual({
    kind: "switch-off",
    reason: "The endpoint responded with 410 Gone.",
  });
});

describe("five days of failures", () => {
  const failing = { expiresAt: null, failingSince: 1_000 };
  const lost: Answer = { kind: "failed", code: "ECONNREFUSED", message: "" };

  test.each([lost, answered(500)])(
    "switch a webhook off when a delivery is given up: %j",
    (answer) => {
      const last = attempt(answer, { number: 6, isGivenUp: true });
      expect(judgeWebhook(last, failing, 999 + OFF_AFTER_MS)).toEqual(KEEP);
      expect(judgeWebhook(last, failing, 1_000 + OFF_AFTER_MS)).toEqual({
        kind: "switch-off",
        reason: "Every attempt has failed since 1970-01-01T00:00:01.000Z.",
      });
    },
  );

  test("keep a webhook on while the delivery has retries left", () => {
    expect(judgeWebhook(attempt(lost), failing, 2 * OFF_AFTER_MS)).toEqual(KEEP);
  });
});

test("a delivery that is given up keeps the webhook on when it has not failed before", () => {
  const last = attempt(answered(400), { isGivenUp: true });
  expect(judgeWebhook(last, HEALTHY, OFF_AFTER_MS)).toEqual(KEEP);
});

describe("a 404", () => {
  const expiring = { expiresAt: 1_000, failingSince: null };

  test("removes an expired webhook when it is a delivery's second", () => {
    const second = attempt(answered(404), { number: 2 });
    expect(judgeWebhook(second, expiring, 1_000)).toEqual({ kind: "remove" });
    expect(judgeWebhook(second, expiring, 999)).toEqual(KEEP);
    expect(judgeWebhook(second, HEALTHY, 1_000)).toEqual(KEEP);
  });

  test("removes no webhook when it is a delivery's first", () => {
    expect(judgeWebhook(attempt(answered(404)), expiring, 1_000)).toEqual(KEEP);
  });

  test("is the only status that removes an expired webhook", () => {
    const second = attempt(answered(500), { number: 2 });
    expect(judgeWebhook(second, expiring, 1_000)).toEqual(KEEP);
  });
});
