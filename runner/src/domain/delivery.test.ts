import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeAttempt, toDestinationOutcome, wants, type Answer } from "./delivery.ts";
import { EVENT_KINDS } from "./event.ts";

const POLICY = { retries: 5, retriesUsed: 0, now: 0, random: 0.5 };

function answered(
  status: number,
  more: { body?: string; retryAfter?: string; tookMs?: number } = {},
): Answer {
  return { kind: "answered", status, body: "", retryAfter: null, tookMs: 0, ...more };
}

describe("judgeAttempt", () => {
  test.each([200, 201, 202, 204, 299])("status %d is delivered", (status) => {
    expect(judgeAttempt(answered(status), POLICY)).toEqual({ state: "delivered" });
  });

  test.each([401, 403, 404, 407, 408, 409, 425, 429, 500, 502, 503, 504, 599])(
    "status %d is retried after the table's first wait",
    (status) => {
      expect(judgeAttempt(answered(status), POLICY)).toEqual({
        state: "due",
        waitMs: 1000,
      });
    },
  );

  test.each([301, 302, 307, 308, 400, 405, 410, 413, 415, 422])(
    "status %d is not retried",
    (status) => {
      const verdict = judgeAttempt(answered(status), POLICY);
      expect(verdict).toMatchObject({ state: "dead" });
      expect(verdict).toHaveProperty("reason", expect.stringContaining(String(status)));
    },
  );

  test("the reason of a redirect says where it leads to", () => {
    const redirect = { ...answered(301), redirectsTo: "https://n8n.example.com" };
    expect(judgeAttempt(redirect, POLICY)).toEqual({
      state: "dead",
      reason:
        "The endpoint responded with status 301 and redirects to https://n8n.example.com. Redirects are not followed.",
    });
  });

  test("Make's full queue is retried although its status is 400", () => {
    const verdict = judgeAttempt(answered(400, { body: "Queue is full." }), POLICY);
    expect(verdict).toMatchObject({ state: "due" });
    expect(judgeAttempt(answered(400, { body: "\n queue is full \n" }), POLICY).state).toBe("due");
    for (const body of ["Queue is full of eels", "The queue is full", "Queue is full.."])
      expect(judgeAttempt(answered(400, { body }), POLICY).state).toBe("dead");
    expect(judgeAttempt(answered(422, { body: "Queue is full." }), POLICY).state).toBe("dead");
  });

  test("only a longer Retry-After replaces the table's wait", () => {
    expect(judgeAttempt(answered(503, { retryAfter: "90" }), POLICY)).toMatchObject({
      waitMs: 90_000,
    });
    expect(judgeAttempt(answered(503, { retryAfter: "0" }), POLICY)).toMatchObject({
      waitMs: 1000,
    });
  });

  test("a failed request is retried until the retries are used up, and the reason says why", () => {
    const reset: Answer = { kind: "failed", code: "ECONNRESET", message: "other side closed" };
    expect(judgeAttempt(reset, { ...POLICY, retriesUsed: 4 })).toMatchObject({ state: "due" });
    expect(judgeAttempt(reset, { ...POLICY, retriesUsed: 5 })).toEqual({
      state: "dead",
      reason: "Given up after 6 attempts: the request failed with ECONNRESET: other side closed.",
    });
    expect(judgeAttempt(reset, { ...POLICY, retries: 0 })).toMatchObject({
      reason: expect.stringContaining("after 1 attempt:"),
    });
  });

  test("every delivery ends after at most eleven attempts, whatever the endpoint responds", () => {
    const anyAnswer: fc.Arbitrary<Answer> = fc.oneof(
      fc.record({
        kind: fc.constant("answered" as const),
        status: fc.integer({ min: 100, max: 599 }),
        body: fc.string(),
        retryAfter: fc.option(fc.string()),
        tookMs: fc.nat(),
      }),
      fc.record({ kind: fc.constant("failed" as const), code: fc.string(), message: fc.string() }),
    );
    fc.assert(
      fc.property(fc.infiniteStream(anyAnswer), fc.nat(15), (answers, retries) => {
        let retriesUsed = 0;
        for (let attempt = 1; attempt <= 11; attempt += 1) {
          const verdict = judgeAttempt(answers.next().value, { ...POLICY, retries, retriesUsed });
          if (verdict.state !== "due") return true;
          retriesUsed += 1;
        }
        return false;
      }),
    );
  });
});

test("a webhook without `on` receives every kind, one with `on` only the kinds it names", () => {
  expect(EVENT_KINDS.filter((kind) => wants(null, kind))).toEqual([...EVENT_KINDS]);
  expect(EVENT_KINDS.filter((kind) => wants(["failed"], kind))).toEqual(["failed"]);
});

describe("the outcome for the destination", () => {
  const OWN = { isPersistent: false, now: 0 };
  const PERSISTENT = { ...OWN, isPersistent: true };
  const failed = { kind: "failed", pauseMs: 0 };
  const neutral = { kind: "neutral" };

  test("is ok for a success, and failed for a failed request and for a 429 or 500", () => {
    const reset: Answer = { kind: "failed", code: "ECONNRESET", message: "" };
    for (const webhook of [OWN, PERSISTENT]) {
      expect(toDestinationOutcome(answered(204), webhook)).toEqual({ kind: "ok" });
      expect(toDestinationOutcome(reset, webhook)).toEqual(failed);
      expect(toDestinationOutcome(answered(500), webhook)).toEqual(failed);
      expect(toDestinationOutcome(answered(429), webhook)).toEqual(failed);
    }
  });

  test("is slow for a success that took a second", () => {
    expect(toDestinationOutcome(answered(204, { tookMs: 999 }), OWN)).toEqual({ kind: "ok" });
    expect(toDestinationOutcome(answered(204, { tookMs: 1_000 }), OWN)).toEqual({ kind: "slow" });
    expect(toDestinationOutcome(answered(500, { tookMs: 1_000 }), OWN)).toEqual(failed);
  });

  test.each([400, 404, 409, 410])(
    "is neutral for a %d of one job's webhook, because other URLs at its origin can still work",
    (status) => {
      expect(toDestinationOutcome(answered(status), OWN)).toEqual(neutral);
      expect(toDestinationOutcome(answered(status), PERSISTENT)).toEqual(failed);
    },
  );

  test("is neutral for an address to which the daemon must not connect", () => {
    const refused: Answer = { kind: "failed", code: "EGRESS_REFUSED", message: "" };
    expect(toDestinationOutcome(refused, OWN)).toEqual(neutral);
  });

  test("contains the pause of a Retry-After for a 429 or 503, and for no other status", () => {
    const retryAfter = "120";
    for (const status of [429, 503]) {
      const outcome = toDestinationOutcome(answered(status, { retryAfter }), OWN);
      expect(outcome).toEqual({ kind: "failed", pauseMs: 120_000 });
    }
    expect(toDestinationOutcome(answered(500, { retryAfter }), OWN)).toEqual(failed);
  });
});
