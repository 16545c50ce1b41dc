import { describe, expect, test } from "vitest";
import {
  isKeyPath,
  keepsSlot,
  mergeLimits,
  toPluginLimits,
  toStepLimits,
} from "./plugin-limits.ts";

const digest = (text: string): string => `digest of ${text.length}`;
const perDomain = toPluginLimits("fetch", { perKey: { key: "input.site.domain", concurrency: 1 } });
const inAll = toPluginLimits("ask", { name: "model", concurrency: 4 });

function keyOf(input: unknown): string | undefined {
  return toStepLimits([perDomain], { input, digest })?.[0]?.key;
}

describe("the limit of a step", () => {
  test("has the name of its plugin, unless the plugin gives another", () => {
    const limits = toStepLimits([perDomain, null, inAll], {
      input: { site: { domain: "a.example" } },
      digest,
    });
    expect(limits).toEqual([{ name: "fetch", key: "a.example" }, null, { name: "model", key: "" }]);
  });

  test("is null for jobs whose plugins have none", () => {
    expect(toStepLimits([null, null], { input: {}, digest })).toBeNull();
  });

  test("has the value in the input as its key", () => {
    expect(keyOf({ site: { domain: "a" } })).toBe("a");
    expect(keyOf({ site: { domain: 7 } })).toBe("7");
    expect(keyOf({ site: { domain: { b: 1, a: 2 } } })).toBe('{"a":2,"b":1}');
    expect(keyOf({ site: { domain: "x".repeat(201) } })).toBe("digest of 201");
    expect(keyOf({ site: { domain: "a\0b\ud800" } })).toBe("a\uFFFDb\uFFFD");
  });

  test("has the empty key without a value, and reads nothing that is inherited", () => {
    expect(keyOf({ site: { domain: null } })).toBe("");
    expect(keyOf({ site: "a" })).toBe("");
    expect(keyOf(null)).toBe("");
    const inherited = toPluginLimits("p", { perKey: { key: "input.constructor", concurrency: 1 } });
    expect(toStepLimits([inherited], { input: {}, digest })?.[0]?.key).toBe("");
  });
});

test("a key is a path that begins with the input", () => {
  for (const path of ["input.domain", "input.user.id", "input.items.0"]) {
    expect(isKeyPath(path)).toBe(true);
  }
  for (const path of ["input", "domain", "input.", "input..a", "input.a b", "options.a"]) {
    expect(isKeyPath(path)).toBe(false);
  }
});

test("of plugins that share a limit, the least number counts", () => {
  const other = toPluginLimits("other", {
    name: "model",
    concurrency: 2,
    rate: "5/s",
    perKey: { key: "input.a", concurrency: 3, rate: "10/m", burst: 4 },
    maxQueued: 20,
  });
  const third = toPluginLimits("third", { name: "model", concurrency: 9, maxQueued: 30 });
  expect(mergeLimits([inAll, perDomain, other, third])).toEqual([
    {
      name: "model",
      concurrency: 2,
      rate: { rate: "5/s", burst: 1 },
      keyConcurrency: 3,
      keyRate: { rate: "10/m", burst: 4 },
      maxQueued: 20,
    },
    { name: "fetch", concurrency: null, keyConcurrency: 1 },
  ]);
});

test("a job goes on without another slot while the limit and the key stay the same", () => {
  const a = { name: "a", key: "" };
  expect(keepsSlot(undefined, 1)).toBe(true);
  expect(keepsSlot([a, { ...a }], 1)).toBe(true);
  expect(keepsSlot([null, null, a], 1)).toBe(true);
  expect(keepsSlot([null, a], 1)).toBe(false);
  expect(keepsSlot([a, null], 1)).toBe(false);
  expect(keepsSlot([a, { ...a, key: "k" }], 1)).toBe(false);
});
