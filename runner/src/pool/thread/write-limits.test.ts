import { expect, test } from "vitest";
import { createWriteLimits } from "./write-limits.ts";

const FILE_LIMIT = 10;
const STEP_LIMIT = 15;

function createLimits(signal = new AbortController().signal) {
  return createWriteLimits({ fileLimitBytes: FILE_LIMIT, signal }, STEP_LIMIT);
}

test("one file has a limit, and all files of the step together", () => {
  const limits = createLimits();
  const first = limits.begin("first");
  first.check(4);
  first.check(10);
  expect(() => first.check(11)).toThrow('The file "first" is over 10 bytes');
  const [second, third] = [limits.begin("second"), limits.begin("third")];
  second.check(2);
  third.check(2);
  expect(() => third.check(3)).toThrow("PLAYGROUND_JOB_FILES_LIMIT");
});

test("a file that could not be written does not count", () => {
  const limits = createLimits();
  for (let n = 0; n < 3; n += 1) {
    const failing = limits.begin("failing");
    failing.check(10);
    failing.failed();
  }
  limits.begin("a").check(10);
  limits.begin("b").check(5);
});

test("nothing is written after the step was asked to stop", () => {
  const stop = new AbortController();
  const { check } = createLimits(stop.signal).begin("late");
  check(1);
  stop.abort(new Error("stopped"));
  expect(() => check(2)).toThrow("stopped");
});
