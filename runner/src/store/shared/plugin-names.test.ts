import { expect, test } from "vitest";
import { parsePluginNames } from "./plugin-names.ts";

test.each([
  [`["a","b"]`, ["a", "b"]],
  [`["a",{"name":"b"},5,null]`, ["a"]],
  [`{"a":1}`, []],
  [`null`, []],
  [`nothing`, []],
])("%s has the names %j", (text, names) => {
  expect(parsePluginNames(text)).toEqual(names);
});
