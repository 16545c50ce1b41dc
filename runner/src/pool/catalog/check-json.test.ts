import { expect, test } from "vitest";
import { z } from "zod";
import type { JsonSchema } from "../../ports/plugin-catalog.ts";
import { createJsonCheck } from "./check-json.ts";

function checkFor(schema: z.ZodType) {
  return createJsonCheck(z.toJSONSchema(schema, { io: "input" }) as JsonSchema);
}

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
  [{}, [{ path: "/name", message: "is missing: it must be a text" }]],
  [[], [{ path: "", message: "is a list of 0: it must be an object" }]],
  [{ name: 42 }, [{ path: "/name", message: "is 42: it must be a text" }]],
  [{ name: "A" }, [{ path: "/name", message: 'is "A": it must be at least 2 characters long' }]],
  [{ name: "Ann", age: -1 }, [{ path: "/age", message: "is -1: it must be >= 0" }]],
  [{ name: "Ann", age: 1.5 }, [{ path: "/age", message: "is 1.5: it must be a whole number" }]],
  [
    { name: "Ann", role: "owner" },
    [{ path: "/role", message: 'is "owner": it must be one of "admin", "guest"' }],
  ],
  [{ name: "Ann", tags: ["a", 1] }, [{ path: "/tags/1", message: "is 1: it must be a text" }]],
  [
    { name: "Ann", tags: ["a", "b", "c"] },
    [{ path: "/tags", message: "is a list of 3: it must be a list of at most 2" }],
  ],
  [
    { name: "Ann", site: "nope" },
    [{ path: "/site", message: 'is "nope": it must be a valid uri' }],
  ],
  [{ name: "Ann", "a/b": 1 }, [{ path: "/a~1b", message: "is 1: it must be true or false" }]],
  [{ name: "Ann", when: 5 }, [{ path: "/when", message: "is 5: it must be a text or null" }]],
])("%j", (value, issues) => {
  expect(checkFor(Person)(value)).toEqual(issues);
});

test("what the schema does not know is named, with what it does", () => {
  expect(checkFor(z.strictObject({ text: z.string() }))({ text: "a", txet: 1 })).toEqual([
    { path: "/txet", message: 'is not known: known are "text"' },
  ]);
});

test("no more than 20 issues are told", () => {
  expect(checkFor(z.array(z.string()))(Array.from({ length: 1000 }, () => 1))).toHaveLength(20);
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

test("a pattern that could hold up the daemon is left to the thread", () => {
  const check = checkFor(z.string().regex(/^(a+)+$/));
  const startedAt = performance.now();
  expect(check(`${"a".repeat(40)}!`)).toEqual([]);
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect(checkFor(z.string().regex(/^[a-z]+$/))("A")).toHaveLength(1);
});

test("a schema that cannot be compiled takes everything", () => {
  expect(createJsonCheck({ $ref: "#/nowhere" })({ any: "thing" })).toEqual([]);
  expect(createJsonCheck(null)({ any: "thing" })).toEqual([]);
});
