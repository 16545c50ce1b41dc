import fc from "fast-check";
import { expect, test } from "vitest";
import { serializeOutput } from "./serialize-output.ts";

const LIMIT = 1024 * 1024;

test("any JSON value becomes the text that JSON.stringify returns", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      fc.pre(!Object.is(value, -0));
      expect(serializeOutput(value, LIMIT)).toEqual({ ok: true, output: JSON.stringify(value) });
    }),
  );
});

test.each([
  ["undefined", undefined, "null"],
  ["a date", { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  ["a member that is undefined", { a: undefined, b: 1 }, '{"b":1}'],
  ["the same object twice", ((one) => [one, one])({ a: 1 }), '[{"a":1},{"a":1}]'],
  [
    "an instance of a class",
    new (class Point {
      x = 1;
    })(),
    '{"x":1}',
  ],
])("%s is accepted", (_, value, output) => {
  expect(serializeOutput(value, LIMIT)).toEqual({ ok: true, output });
});

test.each([
  [() => 1, "The output is a function."],
  [{ a: { "b/c": Symbol("s") } }, "The output's /a/b~1c is a symbol."],
  [[1, 2n], "The output's /1 is the BigInt 2: return it as a string or a number."],
  [{ mean: Number.NaN }, "The output's /mean is NaN: return null when there is no number."],
  [{ map: new Map() }, "The output's /map is a Map: return Object.fromEntries(map)."],
  [new Set([1]), "The output is a Set: return [...set]."],
  [{ error: new Error("x") }, "The output's /error is an Error: return its message."],
  [Buffer.from("x"), "The output is binary data: return it as a base64 string."],
  [{ later: Promise.resolve(1) }, "The output's /later is a promise: await it."],
  [{ toJSON: () => undefined }, "The output has a toJSON method that returns undefined."],
  [
    {
      toJSON() {
        throw new Error("not today");
      },
    },
    "The output cannot be read: not today.",
  ],
])("%o is refused", (value, message) => {
  expect(serializeOutput(value, LIMIT)).toEqual({
    ok: false,
    failure: { code: "OUTPUT_NOT_SERIALIZABLE", message },
  });
});

test("an output nested deeper than the stack is refused without a throw", () => {
  let deep: unknown = 1;
  for (let n = 0; n < 1_000_000; n += 1) deep = [deep];
  expect(serializeOutput(deep, LIMIT)).toMatchObject({
    ok: false,
    failure: { code: "OUTPUT_NOT_SERIALIZABLE" },
  });
});

test("the limit counts bytes, not characters", () => {
  expect(serializeOutput("éé", 6)).toMatchObject({ ok: true });
  expect(serializeOutput("éé", 5)).toMatchObject({ failure: { code: "OUTPUT_TOO_LARGE" } });
});
