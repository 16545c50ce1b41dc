import { expect, test } from "vitest";
import { arrayAt, debouncedRunAt, JSON_POINTER, toDebounceKey, withArrayAt } from "./debounce.ts";
import { hasKey, toDedupeKey, type KeyedJob } from "./job-key.ts";

const UNTOUCHED: KeyedJob = { status: "queued", sequence: 0, stepAttempts: 0, endedAt: null };

test("a debounced job is due after the delay, and at the end of the window at the latest", () => {
  const window = { now: 100, until: 150 };
  expect(debouncedRunAt({ delayMs: 49 }, window)).toBe(149);
  expect(debouncedRunAt({ delayMs: 51 }, window)).toBe(150);
  expect(debouncedRunAt({ delayMs: 1 }, { now: 200, until: 150 })).toBe(150);
  expect(toDebounceKey({ key: "k", delayMs: 5, maxMs: 50 }, 100)).toEqual({
    kind: "debounce",
    key: "k",
    span: "queued",
    until: 150,
    window: { mode: "last", collect: null, merged: 0 },
  });
});

test.each<[string, Partial<KeyedJob>, readonly boolean[]]>([
  ["that waits", {}, [true, true, true]],
  ["that is claimed", { status: "running" }, [false, true, true]],
  ["that was lost after its claim", { stepAttempts: 1 }, [false, true, true]],
  ["that is retried", { sequence: 3 }, [false, true, true]],
  ["that has ended", { status: "failed", sequence: 3, endedAt: 90 }, [false, false, true]],
])("a job %s has its key by its span", (_, fields, expected) => {
  const keys = [{ while: "queued" }, { while: "active" }, { ttlMs: 10 }] as const;
  const job = { ...UNTOUCHED, ...fields };
  const found = keys.map((span) => hasKey(toDedupeKey({ key: "k", ...span }, 100), job, 109));
  expect(found).toEqual(expected);
  expect(hasKey(toDedupeKey({ key: "k", ttlMs: 10 }, 100), job, 110)).toBe(false);
});

test("an array is found and replaced by a JSON Pointer, with escapes and through arrays", () => {
  const input = { "a/b": [{ "~": [1] }], rest: [2] };
  expect(arrayAt(input, "/a~1b/0/~0")).toEqual([1]);
  expect(withArrayAt(input, "/a~1b/0/~0", [1, 3])).toEqual({ "a/b": [{ "~": [1, 3] }], rest: [2] });
  expect(input["a/b"][0]).toEqual({ "~": [1] });
  expect(arrayAt([4], "")).toEqual([4]);
  expect(withArrayAt([4], "", [5])).toEqual([5]);
});

test.each(["/rest/x", "/a", "/toString", "/__proto__", "/a~1b/1", "/rest/length"])(
  "there is no array at %s",
  (pointer) => {
    expect(arrayAt({ "a/b": [1], rest: [2] }, pointer)).toBeNull();
  },
);

test.each([
  ["", true],
  ["/items", true],
  ["/a~0b/~1", true],
  ["items", false],
  ["/a~2", false],
  ["/a~", false],
])("%j is a JSON Pointer: %s", (text, expected) => {
  expect(JSON_POINTER.test(text)).toBe(expected);
});
