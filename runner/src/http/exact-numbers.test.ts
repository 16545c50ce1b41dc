import fc from "fast-check";
import { expect, test } from "vitest";
import { withPlainNumbers } from "../domain/exact-number.ts";
import { parseExactNumbers } from "./exact-numbers.ts";

const parse = (text: string): unknown => parseExactNumbers(text, JSON.parse(text));

const BIG = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String);
const NUMBER = fc.oneof(
  BIG,
  fc.tuple(BIG, fc.nat({ max: 10 ** 9 })).map(([whole, fraction]) => `${whole}.${fraction}5`),
  fc.tuple(fc.integer(), fc.integer({ min: -500, max: 500 })).map(([n, e]) => `${n}e${e}`),
);
const STRING = fc
  .oneof(
    fc.string(),
    NUMBER,
    fc.constantFrom('"1234567890123456789', "\\", '\\"12345678901234567890,'),
  )
  .map((text) => JSON.stringify(text));

/** JSON text without spaces, whose numbers are of any size. */
const { text: TEXT } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: "small" },
    NUMBER,
    STRING,
    fc.array(tie("text")).map((items) => `[${items.join(",")}]`),
    fc
      .array(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), tie("text")))
      .map(
        (pairs) => `{${[...new Map(pairs)].map(([key, value]) => `"${key}":${value}`).join(",")}}`,
      ),
  ),
}));

test("own data is written back with the same numbers, and reads as JSON.parse reads it", () => {
  fc.assert(
    fc.property(TEXT, (text) => {
      const { input } = parse(`{"input":${text}}`) as { input: unknown };
      const written = JSON.stringify({ input });
      // Each number that is written otherwise is the same number: reading both exactly tells.
      expect(normalize(written)).toBe(normalize(`{"input":${text}}`));
      expect(withPlainNumbers(input)).toEqual(JSON.parse(text));
    }),
  );
});

/** Writes each number outside strings as digits and an exponent. */
function normalize(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.]*(?:[eE][+-]?\d+)?/g, (token) => {
    if (token.startsWith('"')) return JSON.stringify(JSON.parse(token));
    const [, sign = "", whole = "", fraction = "", exponent = "0"] =
      /^(-?)(\d+)(?:\.(\d+))?(?:[eE](.+))?$/.exec(token) ?? [];
    const digits = BigInt(whole + fraction);
    if (digits === 0n) return "0";
    const short = String(digits).replace(/0+$/, "");
    const power = Number(exponent) - fraction.length + String(digits).length - short.length;
    return `${sign}${short}e${power}`;
  });
}

test("only input, metadata and options keep their numbers, in the jobs of a batch too", () => {
  const big = "8202522731445525542";
  const job = `{"plugins":[{"name":"a","options":{"n":${big}}}],"priority":${big},"metadata":{"n":[${big}]},"input":${big}}`;
  const body = parse(`{"jobs":[${job}],"id":"${big}"}`) as { jobs: { priority: unknown }[] };
  expect(body.jobs[0]?.priority).toBe(Number(big));
  expect(JSON.stringify(body)).toBe(
    `{"jobs":[${job.replace(`"priority":${big}`, `"priority":${Number(big)}`)}],"id":"${big}"}`,
  );
});

test("a value without such numbers is returned as it was given", () => {
  const text = '{"input":[1,2.5,"8202522731445525542",1e21]}';
  const value: unknown = JSON.parse(text);
  expect(parseExactNumbers(text, value)).toBe(value);
});

test("4 MiB of small strings and of large numbers are read in less than 3 s each", () => {
  for (const item of ['""', '"\\\\"', "12345678901234567", "0", '"12345678901234567"']) {
    const count = Math.floor((4 * 1024 * 1024) / (item.length + 1));
    const text = `{"input":[${Array(count).fill(item).join(",")},12345678901234567]}`;
    const value: unknown = JSON.parse(text);
    const start = performance.now();
    parseExactNumbers(text, value);
    const ms = performance.now() - start;
    expect(ms, item).toBeLessThan(3_000);
  }
}, 60_000);
