import { constants } from "node:buffer";
import { describe, expect, test } from "vitest";
import { BadSetting, parseSettings } from "./config.ts";
import { MAX_BODY_LIMIT, MAX_JOB_OUTPUT_BYTES } from "./domain/job.ts";

describe("EGRESS", () => {
  test("allows private networks when it is not set", () => {
    expect(parseSettings([], {}).egress).toEqual({ mode: "private" });
  });

  test.each([
    ["public", { mode: "public" }],
    ["private", { mode: "private" }],
    ["10.0.0.0/8, fd00::/8", { mode: "list", cidrs: ["10.0.0.0/8", "fd00::/8"] }],
  ])("accepts %j from the environment and as a flag", (text, policy) => {
    expect(parseSettings([], { PLAYGROUND_EGRESS: text }).egress).toEqual(policy);
    expect(parseSettings([`--egress=${text}`], {}).egress).toEqual(policy);
  });

  test("an invalid value is refused with the setting's name, the value and what it must be", () => {
    const parse = () => parseSettings([], { PLAYGROUND_EGRESS: "10.0.0.0" });
    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(/^PLAYGROUND_EGRESS is "10\.0\.0\.0": it must be "private" .*"public"/);
  });
});

test("a response with a job of the largest body fits into a string, however its numbers are written", () => {
  const highest = String(MAX_BODY_LIMIT);
  expect(parseSettings([], { PLAYGROUND_BODY_LIMIT: highest }).bodyLimit).toBe(MAX_BODY_LIMIT);
  const parse = () => parseSettings([], { PLAYGROUND_BODY_LIMIT: `${MAX_BODY_LIMIT + 1}` });
  expect(parse).toThrow(`it must be at most ${MAX_BODY_LIMIT}.`);

  const given = `[${Array.from({ length: 1000 }, () => "1e20").join(",")}]`;
  const growth = JSON.stringify(JSON.parse(given)).length / given.length;
  const input = MAX_BODY_LIMIT * growth;
  expect(input + 2 * MAX_JOB_OUTPUT_BYTES).toBeLessThan(constants.MAX_STRING_LENGTH);
});

describe("SECRET_KEY", () => {
  test("accepts 32 bytes in base64", () => {
    const key = Buffer.alloc(32, 1).toString("base64");
    expect(parseSettings([], { PLAYGROUND_SECRET_KEY: key }).secretKey).toBe(key);
  });

  test("is named but not shown when it is invalid", () => {
    const parse = () => parseSettings([], { PLAYGROUND_SECRET_KEY: "hunter2" });
    expect(parse).toThrow("PLAYGROUND_SECRET_KEY is (not shown): it must be 32 bytes in base64.");
  });
});
