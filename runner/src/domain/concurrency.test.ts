import { describe, expect, test } from "vitest";
import {
  beginAttempt,
  endAttempt,
  isQuiet,
  newConcurrency,
  restart,
  roomOf,
  type Concurrency,
} from "./concurrency.ts";
import type { DestinationOutcome } from "./destination.ts";

const FAILED: DestinationOutcome = { kind: "failed", pauseMs: 0 };

function end(
  concurrency: Concurrency,
  outcome: DestinationOutcome,
  { times = 1, maxConcurrency = 64, now = 0 } = {},
): Concurrency {
  return Array.from({ length: times }).reduce<Concurrency>(
    (each) => endAttempt(beginAttempt(each), { outcome, maxConcurrency, now }),
    concurrency,
  );
}

const fresh = newConcurrency(64);

test("the limit starts at two and grows by one with each success up to the maximum", () => {
  expect(roomOf(fresh, false)).toBe(2);
  const grown = end(fresh, { kind: "ok" }, { times: 10 });
  expect(roomOf(grown, false)).toBe(12);
  expect(roomOf(end(grown, { kind: "ok" }, { times: 100 }), false)).toBe(64);
  expect(roomOf(newConcurrency(1), false)).toBe(1);
});

test("the limit halves with each failure, down to one", () => {
  let concurrency = end(fresh, { kind: "ok" }, { times: 62 });
  const seen: number[] = [];
  for (let failures = 0; failures < 4; failures += 1) {
    concurrency = end(concurrency, FAILED);
    seen.push(roomOf(concurrency, false));
  }
  expect(seen).toEqual([32, 16, 8, 4]);
  expect(roomOf(end(fresh, FAILED, { times: 3 }), false)).toBe(1);
});

test("the limit grows to sixteen with slow successes, and shrinks to sixteen from above", () => {
  let concurrency = end(fresh, { kind: "slow" }, { times: 100 });
  expect(roomOf(concurrency, false)).toBe(16);
  concurrency = end(concurrency, { kind: "ok" }, { times: 30 });
  expect(roomOf(concurrency, false)).toBe(46);
  expect(roomOf(end(concurrency, { kind: "slow" }, { times: 2 }), false)).toBe(35);
  const wide = end(fresh, { kind: "ok" }, { times: 256, maxConcurrency: 256 });
  expect(roomOf(wide, false)).toBe(256);
  const slow = { times: 21, maxConcurrency: 256 };
  expect(roomOf(end(wide, { kind: "slow" }, slow), false)).toBe(16);
  const narrow = { times: 9, maxConcurrency: 4 };
  expect(roomOf(end(newConcurrency(4), { kind: "slow" }, narrow), false)).toBe(4);
});

describe("the room", () => {
  test("is what the attempts in flight leave of the limit", () => {
    expect(roomOf(beginAttempt(beginAttempt(fresh)), false)).toBe(0);
  });

  test("is one attempt while the circuit is open", () => {
    const grown = end(fresh, { kind: "ok" }, { times: 10 });
    expect(roomOf(grown, true)).toBe(1);
    expect(roomOf(beginAttempt(grown), true)).toBe(0);
  });
});

test("a neutral outcome does not change the limit", () => {
  const failing = end(fresh, FAILED);
  expect(end(failing, { kind: "neutral" })).toEqual(failing);
});

test("a restart goes back to the initial limit, which includes the attempts in flight", () => {
  const busy = beginAttempt(end(fresh, { kind: "ok" }, { times: 40 }));
  expect(roomOf(restart(busy), false)).toBe(1);
  expect(roomOf(restart(end(fresh, FAILED)), false)).toBe(1);
});

test("a limit is out of date ten seconds after the last attempt", () => {
  const ended = end(fresh, { kind: "ok" }, { now: 1_000 });
  expect(isQuiet(fresh, 0)).toBe(true);
  expect(isQuiet(ended, 10_999)).toBe(false);
  expect(isQuiet(ended, 11_000)).toBe(true);
  expect(isQuiet(beginAttempt(ended), 11_000)).toBe(false);
});
