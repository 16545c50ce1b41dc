import { expect, test } from "vitest";
import { countText, numbersText, rateText } from "./numbers-text.ts";

test("a rate is said in words, with a burst of more than one", () => {
  expect(rateText({ rate: "10/s", burst: 20 })).toBe("10 a second, burst 20");
  expect(rateText({ rate: "1000/m", burst: 1 })).toBe("1,000 a minute");
  expect(rateText({ rate: "5/h", burst: null })).toBe("5 an hour");
  expect(rateText({ rate: null, burst: null })).toBeNull();
});

test("what is not limited is left out", () => {
  expect(numbersText({ concurrency: 2, rate: "30/m", burst: 1 })).toBe("2 at a time, 30 a minute");
  expect(numbersText({ concurrency: 1, rate: null, burst: null })).toBe("1 at a time");
  expect(numbersText({ concurrency: null, rate: null, burst: null })).toBeNull();
});

test("a count that ends at 1,000 may be more", () => {
  expect([countText(999), countText(1_000)]).toEqual(["999", "1,000+"]);
});
