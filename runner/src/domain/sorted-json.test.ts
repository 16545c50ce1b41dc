import { expect, test } from "vitest";
import { sortedJson } from "./sorted-json.ts";

test("the order of keys does not change the text, at any depth, and the order of items does", () => {
  const text = '{"a":[{"b":1,"c":{"d":null,"e":"x"}},2],"f":true}';
  expect(sortedJson({ f: true, a: [{ c: { e: "x", d: null }, b: 1 }, 2] })).toBe(text);
  expect(sortedJson(JSON.parse(text))).toBe(text);
  expect(sortedJson([1, 2])).not.toBe(sortedJson([2, 1]));
});

test("numbers that JavaScript cannot represent, undefined fields and odd keys stay what they are", () => {
  expect(sortedJson({ z: JSON.rawJSON("8202522731445525542"), a: undefined })).toBe(
    '{"z":8202522731445525542}',
  );
  expect(sortedJson(JSON.parse('{"b":1,"__proto__":2}'))).toBe('{"__proto__":2,"b":1}');
});
