import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { secretProblem, signatureHeader, toSecret } from "./signature.ts";

test("a signature equals the known test vector", () => {
  const header = signatureHeader(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: 1614265330,
    body: '{"test": 2432232314}',
  });
  expect(header).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

test("signatures equal those of the standardwebhooks package for every secret, id and body", () => {
  const timestamp = 1_700_000_000;
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 24, maxLength: 64 }),
      fc.stringMatching(/^evt_[a-z0-9]{1,40}_\d{1,4}$/),
      fc.string({ unit: "grapheme" }),
      (bytes, id, body) => {
        const secret = toSecret(bytes);
        const theirs = new Webhook(secret).sign(id, new Date(timestamp * 1000), body);
        return signatureHeader([secret], { id, timestamp, body }) === theirs;
      },
    ),
  );
});

test("a receiver with either secret accepts a request that both have signed", () => {
  const secrets = [toSecret(new Uint8Array(32).fill(1)), toSecret(new Uint8Array(32).fill(2))];
  const timestamp = Math.floor(Date.now() / 1000);
  const body = '{"status":"completed"}';
  const headers = {
    "webhook-id": "evt_1_1",
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatureHeader(secrets, { id: "evt_1_1", timestamp, body }),
  };
  for (const secret of secrets) {
    expect(new Webhook(secret).verify(body, headers)).toEqual({ status: "completed" });
  }
  const other = toSecret(new Uint8Array(32).fill(3));
  expect(() => new Webhook(other).verify(body, headers)).toThrow(/No matching signature/);
});

test.each([
  ["whsec_", /it has 0 bytes/],
  ["secret", /must be "whsec_"/],
  [`whsex_${"AQ".repeat(16)}`, /must be "whsec_"/],
  ["whsec_not base64!", /padding/],
  [`whsec_!!!!${"AQ".repeat(16)}`, /padding/],
  [`whsec_${"AQ".repeat(16)}A`, /padding/],
  ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /must be random/],
  [toSecret(new Uint8Array(64)), /must be random/],
  [toSecret(new Uint8Array(23)), /it has 23 bytes/],
  [toSecret(new Uint8Array(65)), /it has 65 bytes/],
])("%j is not a secret, and the message says why", (secret, why) => {
  expect(secretProblem(secret)).toMatch(why);
});

test("a secret has 24 to 64 bytes", () => {
  for (const length of [24, 32, 64]) {
    expect(secretProblem(toSecret(new Uint8Array(length).fill(1)))).toBeNull();
  }
});
