import { expect, test } from "vitest";
import { createLookahead } from "./lookahead.ts";

function after(threads: number, durationsMs: readonly number[]): number {
  const lookahead = createLookahead(threads);
  for (const durationMs of durationsMs) lookahead.stepEnded(durationMs);
  return lookahead.jobs();
}

test("nothing is claimed ahead before the first step has ended", () => {
  expect(after(2, [])).toBe(0);
});

test("with short steps, as many jobs are claimed ahead as begin within 50 ms", () => {
  expect(after(2, [5])).toBe(20);
  expect(after(4, [5])).toBe(40);
});

test("at most 64 jobs are claimed ahead, however short the steps", () => {
  expect(after(2, [0])).toBe(64);
});

test("with steps longer than the horizon, no job is claimed ahead", () => {
  expect(after(2, [51])).toBe(0);
});

test("one long step stops claiming ahead until the average is low again", () => {
  const shorts = Array.from({ length: 20 }, () => 1);
  expect(after(2, [...shorts, 2_000])).toBe(0);
  expect(after(2, [...shorts, 2_000, ...shorts, ...shorts])).toBeGreaterThan(0);
});

test("jobs that went back stop claiming ahead for about fifty short steps", () => {
  const lookahead = createLookahead(2);
  lookahead.stepEnded(1);
  lookahead.tooFar();
  expect(lookahead.jobs()).toBe(0);
  let steps = 0;
  for (; lookahead.jobs() === 0; steps += 1) lookahead.stepEnded(1);
  expect(steps).toBeGreaterThan(40);
  expect(steps).toBeLessThan(70);
});
