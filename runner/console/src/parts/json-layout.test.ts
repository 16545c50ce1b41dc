import { expect, test } from "vitest";
import { layOut } from "./json-layout.ts";

const shown = (text: string): string =>
  layOut(text)
    .map((token) => token.text)
    .join("");

test("a value is indented, and every number stays as it was written", () => {
  expect(
    shown('{"id":1577134800018226901,"list":[1.50,{}],"none":[],"text":"a, {b}: \\"c\\""}'),
  ).toBe(
    [
      "{",
      '  "id": 1577134800018226901,',
      '  "list": [',
      "    1.50,",
      "    {}",
      "  ],",
      '  "none": [],',
      String.raw`  "text": "a, {b}: \"c\""`,
      "}",
    ].join("\n"),
  );
  expect(shown("null")).toBe("null");
  expect(shown('"x"')).toBe('"x"');
});

test("keys, texts, numbers and words are told apart", () => {
  const kinds = layOut('{"a":"a","b":-1,"c":true}').filter(({ kind }) => kind !== "plain");
  expect(kinds.map(({ kind }) => kind)).toEqual(["key", "string", "key", "number", "key", "word"]);
});
