import { expect, test } from "vitest";
import { DoNotRetry, RETRY_WISH, RetryAfter } from "../retry-errors.ts";
import { readRetryWish } from "./retry-wish.ts";

test("an error says what its plugin asked for, and so does one that it caused", () => {
  expect(readRetryWish(new DoNotRetry("no"))).toBe("never");
  const after = new RetryAfter(5, "later");
  expect(readRetryWish(after)).toEqual({ afterMs: 5 });
  expect(readRetryWish(new Error("outer", { cause: after }))).toEqual({ afterMs: 5 });
});

test.each([
  ["another error", new Error("plain")],
  ["no error", "text"],
  ["null", null],
  ["a wish of another form", { [RETRY_WISH]: { seconds: 5 } }],
  ["a wait that is no number", { [RETRY_WISH]: { afterMs: "5" } }],
  ["a wait below 0", { [RETRY_WISH]: { afterMs: -5 } }],
  ["a wait that is NaN", { [RETRY_WISH]: { afterMs: Number.NaN } }],
  [
    "a getter that throws",
    {
      get cause() {
        throw new Error("broken");
      },
    },
  ],
])("%s asks for nothing", (_, thrown) => {
  expect(readRetryWish(thrown)).toBeUndefined();
});

test("an error that is its own cause does not end the thread", () => {
  const error = new Error("circular");
  error.cause = error;
  expect(readRetryWish(error)).toBeUndefined();
});

test.each([
  [-1, "-1"],
  [Number.NaN, "NaN"],
  ["30000", '"30000"'],
  [new Date(0), "an object"],
  [undefined, "undefined"],
])("RetryAfter refuses %s as its wait", (afterMs, shown) => {
  expect(() => new RetryAfter(afterMs as number, "x")).toThrow(
    `afterMs of RetryAfter is ${shown}: it must be a number of milliseconds from 0`,
  );
});
