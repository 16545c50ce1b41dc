import { expect, test } from "vitest";
import { jsonObject, toJsonText } from "./json-text.ts";

test("an object of texts is the JSON of the object, whatever its keys", () => {
  const object = { "": 1, "word-count": [2], 'say "x"': "y", "line\n": null, café: {} };
  const fields = Object.entries(object).map(([key, value]) => [key, toJsonText(value)]);
  expect(jsonObject(Object.fromEntries(fields))).toBe(JSON.stringify(object));
  expect(jsonObject({})).toBe("{}");
});
