import { describe, expect, test } from "vitest";
import {
  knownRatePerSecond,
  NOTHING_SEALED,
  ROTATION_MS,
  signingSecrets,
  toIdentity,
  withSecret,
} from "./webhook.ts";

describe("the signing secrets", () => {
  const first = { ...NOTHING_SEALED, headers: { a: "b" }, secret: "whsec_first" };

  test("are none for a webhook without a secret, otherwise its one secret", () => {
    expect(signingSecrets(NOTHING_SEALED, 0)).toEqual([]);
    expect(signingSecrets(first, 0)).toEqual(["whsec_first"]);
  });

  test("are the new and the previous one for 24 hours after a rotation, then only the new one", () => {
    const rotated = withSecret(first, "whsec_second", 1_000);
    expect(signingSecrets(rotated, 1_000)).toEqual(["whsec_second", "whsec_first"]);
    expect(signingSecrets(rotated, 999 + ROTATION_MS)).toHaveLength(2);
    expect(signingSecrets(rotated, 1_000 + ROTATION_MS)).toEqual(["whsec_second"]);
    expect(rotated.headers).toEqual({ a: "b" });
  });

  test("are the last two after two rotations", () => {
    const twice = withSecret(withSecret(first, "whsec_second", 0), "whsec_third", 1);
    expect(signingSecrets(twice, 2)).toEqual(["whsec_third", "whsec_second"]);
  });

  test("are only the new one if there was none before", () => {
    const given = withSecret(NOTHING_SEALED, "whsec_first", 0);
    expect(given.previous).toBeNull();
    expect(signingSecrets(given, 1)).toEqual(["whsec_first"]);
  });

  test("do not change when the same secret is set again", () => {
    const rotated = withSecret(first, "whsec_second", 0);
    expect(withSecret(rotated, "whsec_second", 5)).toBe(rotated);
  });
});

describe("the identity", () => {
  const webhook = { url: "https://a.test/", on: null, plugins: null, jobName: null };

  test("does not depend on the order in a filter", () => {
    const one = toIdentity({ ...webhook, on: ["failed", "started"], plugins: ["b", "a"] });
    const other = toIdentity({ ...webhook, on: ["started", "failed"], plugins: ["a", "b"] });
    expect(one).toBe(other);
  });

  test("is the same for a filter that names all kinds and for none, and ignores duplicates", () => {
    const on = ["completed", "failed", "progress", "started", "failed"] as const;
    expect(toIdentity({ ...webhook, on })).toBe(toIdentity(webhook));
    const twice = { ...webhook, on: ["failed", "failed"] as const, plugins: ["a", "b", "a"] };
    const once = { ...webhook, on: ["failed"] as const, plugins: ["b", "a"] };
    expect(toIdentity(twice)).toBe(toIdentity(once));
  });

  test("differs for every other URL or filter, including an empty one", () => {
    const all = [
      webhook,
      { ...webhook, url: "https://a.test/b" },
      { ...webhook, on: ["failed"] as const },
      { ...webhook, plugins: ["failed"] },
      { ...webhook, plugins: [] },
      { ...webhook, jobName: "failed" },
      { ...webhook, jobName: "" },
    ];
    expect(new Set(all.map(toIdentity)).size).toBe(all.length);
  });
});

test.each([
  ["https://hook.eu2.make.com/abc", 25],
  ["https://HOOK.EU2.MAKE.COM/abc", 25],
  ["https://make.com/", 25],
  ["https://notmake.com/", null],
  ["https://make.com.evil.test/", null],
  ["https://n8n.test/make.com", null],
])("the known rate limit of %s is %s a second", (url, rate) => {
  expect(knownRatePerSecond(url)).toBe(rate);
});
