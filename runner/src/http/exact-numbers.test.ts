import fc from "fast-check";
import { expect, test } from "vitest";
import { withPlainNumbers } from "../domain/exact-number.ts";
import { parseExactNumbers } from "./exact-numbers.ts";
import { cpuMsOf } from "../../test/support/cpu-time.ts";

const parse = (text: string): Promise<unknown> => parseExactNumbers(text, JSON.parse(text));

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

test("own data is written back with the same numbers, and reads as JSON.parse reads it", async () => {
  await fc.assert(
    fc.asyncProperty(TEXT, async (text) => {
      const { input } = (await parse(`{"input":${text}}`)) as { input: unknown };
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

test("only input, metadata and options keep their numbers, in the jobs of a batch too", async () => {
  const big = "8202522731445525542";
  const job = `{"plugins":[{"name":"a","options":{"n":${big}}}],"priority":${big},"metadata":{"n":[${big}]},"input":${big}}`;
  const body = (await parse(`{"jobs":[${job}],"id":"${big}"}`)) as {
    jobs: { priority: unknown }[];
  };
  expect(body.jobs[0]?.priority).toBe(Number(big));
  expect(JSON.stringify(body)).toBe(
    `{"jobs":[${job.replace(`"priority":${big}`, `"priority":${Number(big)}`)}],"id":"${big}"}`,
  );
});

test("a value without such numbers is returned as it was given", async () => {
  const text = '{"input":[1,2.5,"8202522731445525542",1e21]}';
  const value: unknown = JSON.parse(text);
  expect(await parseExactNumbers(text, value)).toBe(value);
});

test.each([
  '""',
  String.raw`"\\"`,
  "12345678901234567",
  "0.1234567890123456",
  "0",
  '"12345678901234567"',
])("4 MiB of %s are read in less than 3 s of processor time", async (item) => {
  const count = Math.floor((4 * 1024 * 1024) / (item.length + 1));
  const text = `{"input":[${Array(count).fill(item).join(",")},12345678901234567]}`;
  const value: unknown = JSON.parse(text);
  expect(await cpuMsOf(() => parseExactNumbers(text, value))).toBeLessThan(3_000);
});

test("many long numbers are checked in more than one event loop iteration", async () => {
  let iterations = 0;
  const count = () => void (iterations += 1);
  const immediates = Array.from({ length: 3 }, () => setImmediate(count));
  await parse(`[${"0.1234567890123456,".repeat(100_000)}0]`);
  expect(iterations).toBe(immediates.length);
});
