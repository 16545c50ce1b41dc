import { expect, test } from "vitest";
import { z } from "zod";
import type { JsonSchema } from "../../ports/plugin-catalog.ts";
import { createJsonCheck } from "./check-json.ts";
import { cpuMsOf } from "../../../test/support/cpu-time.ts";

function checkFor(schema: z.ZodType) {
  return createJsonCheck(z.toJSONSchema(schema, { io: "input" }) as JsonSchema);
}

/** Makes an exponential pattern run 2^60 steps and more. */
const SLOW = `${"a".repeat(60)}!`;

const Person = z.object({
  name: z.string().min(2),
  age: z.int().min(0).optional(),
  role: z.enum(["admin", "guest"]).optional(),
  tags: z.array(z.string()).max(2).optional(),
  site: z.url().optional(),
  "a/b": z.boolean().optional(),
  when: z.union([z.string(), z.null()]).optional(),
});

test.each([
  [{ name: "Ann", age: 3, role: "admin", tags: ["x"], site: "https://a.b", when: null }, []],
  [{}, [{ path: "/name", message: "is missing: it must be a string" }]],
  [[], [{ path: "", message: "is an array of 0: it must be an object" }]],
  [{ name: 42 }, [{ path: "/name", message: "is 42: it must be a string" }]],
  [{ name: "A" }, [{ path: "/name", message: 'is "A": it must not have fewer than 2 characters' }]],
  [{ name: "Ann", age: -1 }, [{ path: "/age", message: "is -1: it must be >= 0" }]],
  [{ name: "Ann", age: 1.5 }, [{ path: "/age", message: "is 1.5: it must be an integer" }]],
  [
    { name: "Ann", role: "owner" },
    [{ path: "/role", message: 'is "owner": it must be one of "admin", "guest"' }],
  ],
  [{ name: "Ann", tags: ["a", 1] }, [{ path: "/tags/1", message: "is 1: it must be a string" }]],
  [
    { name: "Ann", tags: ["a", "b", "c"] },
    [{ path: "/tags", message: "is an array of 3: it must not have more than 2 items" }],
  ],
  [
    { name: "Ann", site: "nope" },
    [{ path: "/site", message: 'is "nope": it must be a valid uri' }],
  ],
  [{ name: "Ann", "a/b": 1 }, [{ path: "/a~1b", message: "is 1: it must be a boolean" }]],
  [{ name: "Ann", when: 5 }, [{ path: "/when", message: "is 5: it must be a string or null" }]],
])("%j", (value, issues) => {
  expect(checkFor(Person)(value)).toEqual(issues);
});

test("an unknown field is named, with the one that is meant or the known ones", () => {
  expect(checkFor(z.strictObject({ text: z.string() }))({ text: "a", txet: 1 })).toEqual([
    { path: "/txet", message: 'is not a known field (did you mean "text"?)' },
  ]);
  expect(checkFor(z.strictObject({ text: z.string() }))({ text: "a", size: 1 })).toEqual([
    { path: "/size", message: 'is not a known field: the known fields are "text"' },
  ]);
});

test("at most 20 issues are reported", () => {
  expect(checkFor(z.array(z.string()))(Array.from({ length: 1000 }, () => 1))).toHaveLength(20);
});

test.each([
  ["items", z.array(z.string()), Array.from({ length: 1_000_000 }, () => 1), "/0"],
  [
    "items under a long key",
    z.record(z.string(), z.array(z.string())),
    { ["k".repeat(10_000)]: [1, 2] },
    `/${"k".repeat(10_000)}/0`,
  ],
])("of a large input with many wrong %s only the first is reported", (_, schema, value, path) => {
  expect(checkFor(schema)(value)).toEqual([{ path, message: "is 1: it must be a string" }]);
});

test("10,000 wrong unions are reported in time", async () => {
  const check = checkFor(z.array(z.union([z.string(), z.array(z.string())])));
  const wrong = Array.from({ length: 10_000 }, () => 1);
  expect(await cpuMsOf(() => expect(check(wrong)).toHaveLength(20))).toBeLessThan(1000);
});

test("a large valid input is accepted", () => {
  expect(checkFor(z.array(z.string()))(Array.from({ length: 1_000_000 }, () => "x"))).toEqual([]);
});

test("all issues of an input with a long string are reported, with the beginning of the string", () => {
  const text = "x".repeat(1_000_000);
  expect(checkFor(z.object({ n: z.int(), m: z.int() }))({ n: text, m: true })).toEqual([
    { path: "/n", message: `is "${"x".repeat(59)}…: it must be an integer` },
    { path: "/m", message: "is true: it must be an integer" },
  ]);
});

test("zod's own formats are checked as zod checks them", () => {
  const check = checkFor(z.object({ at: z.iso.datetime(), mail: z.email() }));
  expect(check({ at: "2026-11-23T10:00:00Z", mail: "a@b.co" })).toEqual([]);
  expect(check({ at: "yesterday", mail: "a@b.co" })).toEqual([
    { path: "/at", message: 'is "yesterday": it must be a valid date-time' },
  ]);
  expect(check({ at: "2026-11-23T10:00:00Z", mail: "nobody" })).toEqual([
    { path: "/mail", message: 'is "nobody": it must be a valid email' },
  ]);
});

test.each([
  ["a group repeated without end", z.string().regex(/^(a+)+$/)],
  ["a group repeated 30 times", z.string().regex(/^(a+){1,30}$/)],
  ["an optional character 30 times", z.string().regex(/(a?){30}a{30}b/)],
  ["adjacent repetitions", z.string().regex(/^a*a*a*a*b$/)],
  ["one in place of a format's", z.email({ pattern: /^(a+)+$/ })],
  ["one of a custom format", z.stringFormat("x", /^(a+)+$/)],
  [
    "one in addition to a format's",
    z
      .string()
      .lowercase()
      .regex(/^(a+)+$/),
  ],
  ["one of keys", z.record(z.string().regex(/^(a+)+$/), z.number())],
  ["a harmless one", z.string().regex(/^[a-z]+$/)],
])("a plugin's own pattern is left to the thread: %s", async (_, schema) => {
  const text = schema.type === "record" ? { [SLOW]: 1 } : SLOW;
  const check = () => expect(checkFor(z.object({ text: schema }))({ text })).toEqual([]);
  expect(await cpuMsOf(check)).toBeLessThan(1000);
});

test.each([
  ["closed", z.strictObject({ n: z.number().optional() }), {}],
  ["that accepts other numbers", z.object({}).catchall(z.number()), {}],
  ["closed to unevaluated properties", z.object({}), { unevaluatedProperties: false }],
])(
  "patterns of keys are left to the thread in an object that is %s",
  async (_, schema, closing) => {
    const patternProperties = { "^(a+)+$": {}, "^b": {} };
    const check = checkFor(z.object({ in: schema.meta({ patternProperties, ...closing }) }));
    const slow = { in: { [`${"a".repeat(29)}!`]: "x", bc: "x" } };
    expect(await cpuMsOf(() => expect(check(slow)).toEqual([]))).toBeLessThan(1000);
    expect(check({ in: 1 })).toEqual([{ path: "/in", message: "is 1: it must be an object" }]);
  },
);

test("branches that differ only in their patterns are both accepted", () => {
  const check = checkFor(z.xor([z.string().regex(/^a+$/), z.string().regex(/^b+$/)]));
  expect(check("aa")).toEqual([]);
  expect(check(1)).toEqual([
    {
      path: "",
      message: "is 1: it must be a string that matches ^a+$, or a string that matches ^b+$",
    },
  ]);
});

test.each([
  ["email", z.email(), "a@b.co"],
  ["uuid", z.uuid(), "123e4567-e89b-42d3-a456-426614174000"],
  ["uuid of a version", z.uuidv7(), "01890a5d-ac96-774b-bcce-b302099a8057"],
  ["date", z.iso.date(), "2026-11-23"],
  ["datetime", z.iso.datetime({ offset: true }), "2026-11-23T10:00:00+01:00"],
  ["duration", z.iso.duration(), "P1D"],
  ["emoji", z.emoji(), "🙂"],
  ["ipv4", z.ipv4(), "10.0.0.1"],
  ["ipv6", z.ipv6(), "::1"],
  ["mac", z.mac(), "00:1A:2B:3C:4D:5E"],
  ["base64", z.base64(), "YQ=="],
  ["hostname", z.hostname(), "a.example"],
  ["hash", z.hash("md5"), "d41d8cd98f00b204e9800998ecf8427e"],
])("zod's own pattern is checked: %s", (_, schema, right) => {
  expect(checkFor(schema)(right)).toEqual([]);
  expect(checkFor(schema)("§")).toHaveLength(1);
});

test.each([
  ["the case", z.string().regex(z.regexes.boolean), "TRUE"],
  ["the case, unlike zod's own pattern of the same text", z.string().regex(/^[0-9a-z]+$/i), "ABC"],
  ["the case, in a custom format", z.stringFormat("x", /^[0-9a-z]+$/i), "ABC"],
  ["the lines", z.string().regex(/^[0-9a-z]+$/m), "abc\n!"],
])("a pattern with flags that ignore %s refuses nothing that it accepts", (_, schema, text) => {
  expect(schema.safeParse(text).success).toBe(true);
  expect(checkFor(schema)(text)).toEqual([]);
});

test("a schema that cannot be compiled accepts every value", () => {
  expect(createJsonCheck({ $ref: "#/nowhere" })({ any: "thing" })).toEqual([]);
  expect(createJsonCheck(null)({ any: "thing" })).toEqual([]);
});
