import { describe, expect, test } from "vitest";
import { BadSetting, parseSettings } from "./config.ts";

describe("EGRESS", () => {
  test("allows private networks when it is not set", () => {
    expect(parseSettings([], {}).egress).toEqual({ mode: "private" });
  });

  test.each([
    ["public", { mode: "public" }],
    ["private", { mode: "private" }],
    ["10.0.0.0/8, fd00::/8", { mode: "list", cidrs: ["10.0.0.0/8", "fd00::/8"] }],
  ])("%j, from the environment or as a flag", (text, policy) => {
    expect(parseSettings([], { PLAYGROUND_EGRESS: text }).egress).toEqual(policy);
    expect(parseSettings([`--egress=${text}`], {}).egress).toEqual(policy);
  });

  test("that cannot be used is named, with its value and what would be right", () => {
    const parse = () => parseSettings([], { PLAYGROUND_EGRESS: "10.0.0.0" });
    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(/^PLAYGROUND_EGRESS is "10\.0\.0\.0": it must be "private" .*"public"/);
  });
});

describe("SECRET_KEY", () => {
  test("is 32 bytes in base64", () => {
    const key = Buffer.alloc(32, 1).toString("base64");
    expect(parseSettings([], { PLAYGROUND_SECRET_KEY: key }).secretKey).toBe(key);
  });

  test("that is none is named, and not shown", () => {
    const parse = () => parseSettings([], { PLAYGROUND_SECRET_KEY: "hunter2" });
    expect(parse).toThrow("PLAYGROUND_SECRET_KEY is (not shown): it must be 32 bytes in base64.");
  });
});
