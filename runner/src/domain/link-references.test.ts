import fc from "fast-check";
import { expect, test } from "vitest";
import { toJsonText, type JsonText } from "./json-text.ts";
import { linkReferences } from "./link-references.ts";

const ID = `file_${"01k9z".padEnd(26, "0")}`;
const UNKNOWN = `file_${"02".padEnd(26, "0")}`;
const toUrl = (id: string): string | null => (id === ID ? `http://daemon.test/${id}` : null);
const link = (value: unknown): unknown =>
  JSON.parse(linkReferences(toJsonText(value), toUrl)) as unknown;

test("references get a link, wherever they are, and nothing else does", () => {
  const reference = { $file: ID, name: "a" };
  const linked = { ...reference, url: toUrl(ID) };
  const others = {
    text: `{"$file":"${ID}"}`,
    nested: JSON.stringify(toJsonText([reference])),
    'end"$file': ID,
    $file: 7,
    $file2: ID,
    list: [ID, "$file", `,"$file":"${ID}"`],
    unknown: { $file: UNKNOWN },
  };
  expect(link([reference, { deep: [reference] }])).toEqual([linked, { deep: [linked] }]);
  expect(linkReferences(toJsonText(others), toUrl)).toBe(toJsonText(others));
  expect(link([reference, others])).toEqual([linked, others]);
});

test.each([
  `{"$file":"${ID}","url":"https://mine.test"}`,
  `{"url":null,"$file":"${ID}"}`,
  `{"$file":"${ID}","name":"}\\\\\\"{","list":[{"a":1}],"url":"https://mine.test"}`,
])("a url that an output has stays, and is the only one: %s", (text) => {
  expect(linkReferences(text as JsonText, toUrl)).toBe(text);
});

test("the url of another object does not count", () => {
  const inner = { $file: ID, deep: { url: 1 } };
  expect(link({ url: 1, inner, list: [{ url: 2 }] })).toMatchObject({
    inner: { ...inner, url: toUrl(ID) },
  });
});

test("numbers stay as they were written", () => {
  const text = `[12345678901234567890.10,{"$file":"${ID}"}]` as JsonText;
  expect(linkReferences(text, toUrl)).toMatch(/^\[12345678901234567890\.10,/);
});

test("each file's link is made once, however many references there are", () => {
  let made = 0;
  const text = toJsonText(Array.from({ length: 1_000 }, () => ({ $file: ID })));
  const linked = linkReferences(text, () => `/${(made += 1)}`);
  expect(linked.match(/"url":"\/1"/g)).toHaveLength(1_000);
  expect(made).toBe(1);
});

/** What must come out, from the parsed value. */
function model(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(model);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, model(member)]);
  const { $file, url } = value as { $file?: unknown; url?: unknown };
  if ($file === ID && url === undefined) members.push(["url", toUrl(ID)]);
  return Object.fromEntries(members) as unknown;
}

test("any JSON is linked as its parsed value would be, and only once", () => {
  const text = fc.constantFrom(ID, UNKNOWN, "", '"', "\\", '\\"', "{", "}", '"$file":', "x");
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      text,
      fc.constantFrom(null, 0, true),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom("$file", "url", "a", "b", "$file2"), tie("value")),
    ),
  }));
  fc.assert(
    fc.property(value, (given) => {
      const linked = linkReferences(toJsonText(given), toUrl);
      expect(JSON.parse(linked)).toEqual(model(JSON.parse(toJsonText(given))));
      expect(linkReferences(linked, toUrl)).toBe(linked);
    }),
    { numRuns: 2_000 },
  );
});
