import { expect, test } from "vitest";
import type { JsonText } from "../../domain/json-text.ts";
import { parseJson } from "./parse-json.ts";

const BIG = "8202522731445525542";

function changedIn(text: string): string[] {
  const { changed } = parseJson(text as JsonText, { exactIntegers: false });
  return changed.map(({ path, sent, received }) => `${path}: ${sent} ${received}`);
}

function exactly(text: string): unknown {
  return parseJson(text as JsonText, { exactIntegers: true }).value;
}

test.each([
  [BIG, `: ${BIG} 8202522731445526000`],
  [`[1,-${BIG}]`, `/1: -${BIG} -8202522731445526000`],
  [`{"a~/b":{"":\n${BIG} }}`, `/a~0~1b/: ${BIG} 8202522731445526000`],
  [`{"a":${"9".repeat(400)}}`, `/a: ${"9".repeat(400)} Infinity`],
])("the integer of %s is changed", (text, line) => {
  expect(changedIn(text)).toEqual([line]);
});

test("each changed integer has its path", () => {
  const text = `{"a":[{"id":${BIG}},{"id":1}],"b":${BIG},"c":[[],[${BIG}]]}`;
  expect(changedIn(text).map((line) => line.split(":")[0])).toEqual(["/a/0/id", "/b", "/c/1/0"]);
});

test.each([
  "null",
  `"${BIG}"`,
  `{"${BIG}":"x, ${BIG}, y"}`,
  "9007199254740992",
  "10000000000000000000",
  "1700000000000000",
  "0.30000000000000004441",
  "12345678901234567.5",
  "1234567890123456789e3",
  "1e400",
])("%s has no integer that JavaScript changes", (text) => {
  expect(changedIn(text)).toEqual([]);
  expect(parseJson(text as JsonText, { exactIntegers: false }).value).toEqual(JSON.parse(text));
});

test("with exactIntegers every integer outside of the safe range is a BigInt, and no other number", () => {
  expect(exactly(`[${BIG},-${BIG},9007199254740992,10000000000000000000]`)).toEqual([
    8202522731445525542n,
    -8202522731445525542n,
    9007199254740992n,
    10000000000000000000n,
  ]);
  expect(exactly(`[9007199254740991,1,1e30,0.5,"${BIG}",12345678901234567.5]`)).toEqual([
    9007199254740991,
    1,
    1e30,
    0.5,
    BIG,
    Number("12345678901234567.5"),
  ]);
});

test("a text of millions of digits is parsed", () => {
  const digits = "1".repeat(20_000_000);
  expect(parseJson(`"${digits}"` as JsonText, { exactIntegers: true }).value).toBe(digits);
  expect(parseJson(`[${digits}]` as JsonText, { exactIntegers: false }).value).toEqual([Infinity]);
});
