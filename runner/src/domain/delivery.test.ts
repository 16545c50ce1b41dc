import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge, toDestinationOutcome, wants, type Answer } from "./delivery.ts";
import { EVENT_KINDS } from "./event.ts";

const POLICY = { retries: 5, retriesUsed: 0, now: 0, random: 0.5 };

function answered(
  status: number,
  more: { body?: string; retryAfter?: string; tookMs?: number } = {},
): Answer {
  return { kind: "answered", status, body: "", retryAfter: null, tookMs: 0, ...more };
}

describe("judge", () => {
  test.each([200, 201, 202, 204, 299])("status %d is delivered", (status) => {
    expect(judge(answered(status), POLICY)).toEqual({ state: "delivered" });
  });

  test.each([404, 408, 409, 425, 429, 500, 502, 503, 504, 599])(
    "status %d is tried again after the table's first wait",
    (status) => {
      expect(judge(answered(status), POLICY)).toEqual({
        state: "due",
        waitMs: 1000,
      });
    },
  );

  test.each([301, 302, 307, 308, 400, 401, 403, 405, 410, 413, 415, 422])(
    "status %d is final",
    (status) => {
      const verdict = judge(answered(status), POLICY);
      expect(verdict).toMatchObject({ state: "dead" });
      expect(verdict).toHaveProperty("reason", expect.stringContaining(String(status)));
    },
  );

  test("Make's full queue is tried again although its status is 400", () => {
    const verdict = judge(answered(400, { body: "Queue is full." }), POLICY);
    expect(verdict).toMatchObject({ state: "due" });
    expect(judge(answered(400, { body: "Queue is full of eels" }), POLICY).state).toBe("dead");
  });

  test("a longer Retry-After replaces the table's wait, a shorter one does not", () => {
    expect(judge(answered(503, { retryAfter: "90" }), POLICY)).toMatchObject({ waitMs: 90_000 });
    expect(judge(answered(503, { retryAfter: "0" }), POLICY)).toMatchObject({ waitMs: 1000 });
  });

  test("no answer is tried again until the retries are used up, and then tells why", () => {
    const reset: Answer = { kind: "failed", code: "ECONNRESET", message: "other side closed" };
    expect(judge(reset, { ...POLICY, retriesUsed: 4 })).toMatchObject({ state: "due" });
    expect(judge(reset, { ...POLICY, retriesUsed: 5 })).toEqual({
      state: "dead",
      reason: "Given up after 6 attempts: the request failed with ECONNRESET: other side closed.",
    });
    expect(judge(reset, { ...POLICY, retries: 0 })).toMatchObject({
      reason: expect.stringContaining("after 1 attempt:"),
    });
  });

  test("every delivery ends after at most eleven attempts, whatever the endpoint answers", () => {
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
          const verdict = judge(answers.next().value, { ...POLICY, retries, retriesUsed });
          if (verdict.state !== "due") return true;
          retriesUsed += 1;
        }
        return false;
      }),
    );
  });
});

test("a webhook without `on` wants every kind, one with it those alone", () => {
  expect(EVENT_KINDS.filter((kind) => wants(null, kind))).toEqual([...EVENT_KINDS]);
  expect(EVENT_KINDS.filter((kind) => wants(["failed"], kind))).toEqual(["failed"]);
});

describe("what an answer says of its destination", () => {
  const OWN = { isPersistent: false, now: 0 };
  const PERSISTENT = { ...OWN, isPersistent: true };
  const failed = { kind: "failed", pauseMs: 0 };
  const neutral = { kind: "neutral" };

  test("a success is one, and no answer a failure", () => {
    const reset: Answer = { kind: "failed", code: "ECONNRESET", message: "" };
    for (const destination of [OWN, PERSISTENT]) {
      expect(toDestinationOutcome(answered(204), destination)).toEqual({ kind: "ok" });
      expect(toDestinationOutcome(reset, destination)).toEqual(failed);
      expect(toDestinationOutcome(answered(500), destination)).toEqual(failed);
      expect(toDestinationOutcome(answered(429), destination)).toEqual(failed);
    }
  });

  test("a success that took a second is a slow one", () => {
    expect(toDestinationOutcome(answered(204, { tookMs: 999 }), OWN)).toEqual({ kind: "ok" });
    expect(toDestinationOutcome(answered(204, { tookMs: 1_000 }), OWN)).toEqual({ kind: "slow" });
    expect(toDestinationOutcome(answered(500, { tookMs: 1_000 }), OWN)).toEqual(failed);
  });

  test.each([400, 404, 409, 410])(
    "%d at one job's url says nothing of the others at its origin",
    (status) => {
      expect(toDestinationOutcome(answered(status), OWN)).toEqual(neutral);
      expect(toDestinationOutcome(answered(status), PERSISTENT)).toEqual(failed);
    },
  );

  test("an address that may not be connected to says nothing of an endpoint", () => {
    const refused: Answer = { kind: "failed", code: "EGRESS_REFUSED", message: "" };
    expect(toDestinationOutcome(refused, OWN)).toEqual(neutral);
  });

  test("Retry-After holds the destination when it is throttled or overloaded, and not otherwise", () => {
    const retryAfter = "120";
    for (const status of [429, 503]) {
      const outcome = toDestinationOutcome(answered(status, { retryAfter }), OWN);
      expect(outcome).toEqual({ kind: "failed", pauseMs: 120_000 });
    }
    expect(toDestinationOutcome(answered(500, { retryAfter }), OWN)).toEqual(failed);
  });
});
