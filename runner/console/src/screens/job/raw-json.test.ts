import { expect, test } from "vitest";
import { rawFields, rawItems } from "./raw-json.ts";

test("fields keep the text that was sent, also numbers that a parser would change", () => {
  const text =
    '{"a": 1577134800018226901, "b":{"c":[1.50,"}"]} ,"d\\"e":"x,\\\\", "f":null,"g":[]}';
  expect([...rawFields(text)]).toEqual([
    ["a", "1577134800018226901"],
    ["b", '{"c":[1.50,"}"]}'],
    ['d"e', '"x,\\\\"'],
    ["f", "null"],
    ["g", "[]"],
  ]);
});

test("items keep their text", () => {
  expect(rawItems('[1.50, {"a":["]"]}, "x,y", [[]], null]')).toEqual([
    "1.50",
    '{"a":["]"]}',
    '"x,y"',
    "[[]]",
    "null",
  ]);
});

test("what is no object has no fields, and what is no array no items", () => {
  expect(rawFields("null").size).toBe(0);
  expect(rawFields("{}").size).toBe(0);
  expect(rawItems("{}")).toEqual([]);
  expect(rawItems("[]")).toEqual([]);
});
