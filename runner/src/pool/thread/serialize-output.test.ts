import { Readable } from "node:stream";
import { runInNewContext } from "node:vm";
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
  ["a BigInt", 8202522731445525542n, "8202522731445525542"],
  [
    "a BigInt inside",
    { ids: [1n, -(10n ** 30n)], at: new Date(0) },
    `{"ids":[1,-1${"0".repeat(30)}],"at":"1970-01-01T00:00:00.000Z"}`,
  ],
  ["an empty object of another realm", { a: runInNewContext("({})") as unknown }, '{"a":{}}'],
  ["an object without a prototype", Object.create(null), "{}"],
  ["boxed values", [Object(1), Object("a"), Object(true)], '[1,"a",true]'],
  ["a URL", new URL("http://a/"), '"http://a/"'],
  [
    "private fields with a toJSON",
    new (class {
      #x = 1;
      toJSON() {
        return { x: this.#x };
      }
    })(),
    '{"x":1}',
  ],
])("%s is accepted", (_, value, output) => {
  expect(serializeOutput(value, LIMIT)).toEqual({ ok: true, output });
});

test.each([
  [() => 1, "The output is a function: call it and return its result."],
  [{ a: { "b/c": Symbol("s") } }, "The output's /a/b~1c is a symbol: return its description."],
  [[2n, { set: new Set() }], "The output's /1/set is a Set: return `[...set]` instead."],
  [{ mean: Number.NaN }, "The output's /mean is NaN: return null when there is no number."],
  [{ map: new Map() }, "The output's /map is a Map: return `Object.fromEntries(map)` instead."],
  [new Set([1]), "The output is a Set: return `[...set]` instead."],
  [{ error: new Error("x") }, "The output's /error is an Error: return its message instead."],
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

class Price {
  #cents = 5;
  get cents() {
    return this.#cents;
  }
}

test.each([
  ["a Response", new Response("x"), "is a Response: return `await response.json()`"],
  ["a Request", new Request("http://a/"), "is a Request: return `await request.json()`"],
  ["Headers", new Headers({ a: "b" }), "return `Object.fromEntries(headers)`"],
  ["FormData", new FormData(), "return `Object.fromEntries(formData)`"],
  ["URLSearchParams", new URLSearchParams("a=1"), "return `Object.fromEntries(params)`"],
  ["a Blob", new Blob(["x"]), "is a Blob: return `await blob.text()`"],
  ["a File", new File(["x"], "x"), "is a File: return `await file.text()`"],
  ["a web stream", new Blob(["x"]).stream(), "is a stream: return `await new Response(stream)"],
  ["a Node stream", Readable.from(["x"]), "is a stream: read it to its end"],
  ["a Map's iterator", new Map([[1, 2]]).values(), "return `[...iterator]` instead, such as"],
  ["an array's iterator", [1].values(), "is an iterator: return `[...iterator]`"],
  ["an iterator helper", [1].values().map(String), "is an iterator: return `[...iterator]`"],
  [
    "a generator",
    (function* () {
      yield 1;
    })(),
    "is a generator: return `[...generator]`",
  ],
  [
    "an async generator",
    (async function* () {
      yield 1;
    })(),
    "`await Array.fromAsync(generator)`",
  ],
  ["a WeakMap", new WeakMap(), "is a weak collection"],
  [
    "an object with private fields only",
    new Price(),
    "is an instance of Price without public fields",
  ],
  [
    "an object with inherited fields only",
    Object.create({ a: 1 }),
    "is an object without public fields",
  ],
  ["an invalid date", new Date("x"), "is an invalid date: return null when there is no date"],
  ["a boxed NaN", Object(Number.NaN), "is NaN: return null"],
])("%s is refused with its place and what to return instead", (_, value, message) => {
  for (const [output, place] of [
    [value, "The output "],
    [{ rows: [{ "a/b": value }] }, "The output's /rows/0/a~1b "],
    [{ toJSON: () => ({ of: value }) }, "The output's /of "],
  ] as const) {
    const serialized = serializeOutput(output, LIMIT);
    expect(serialized).toMatchObject({ failure: { code: "OUTPUT_NOT_SERIALIZABLE" } });
    if (serialized.ok) continue;
    expect(serialized.failure.message.startsWith(place)).toBe(true);
    expect(serialized.failure.message).toContain(message);
  }
});

test("what a toJSON method returns is checked as strictly as any value", () => {
  expect(serializeOutput({ at: { toJSON: () => Number.NaN } }, LIMIT)).toMatchObject({
    failure: { message: "The output's /at is NaN: return null when there is no number." },
  });
  expect(serializeOutput({ toJSON: () => new Set([1]) }, LIMIT)).toMatchObject({ ok: false });
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
