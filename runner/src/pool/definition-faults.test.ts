import { expect, test } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import * as core from "zod/v4/core";
import * as three from "zod/v3";
import { definePlugin, type PluginDefinition } from "../plugin-sdk.ts";
import { CHECKS, definitionFaults } from "./definition-faults.ts";

const RIGHT = { name: "right", description: "Is right.", run: () => 1 };
const A_SCHEMA = "it must be a zod schema";
const AN_EXAMPLE =
  "it must be an object with an input that the plugin accepts, such as { input: { … } }";
const A_TIMEOUT = "it must be a number of milliseconds above 0, such as 60000";

const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

test("every field of a definition is checked", () => {
  // The compiler fails for a field that is missing here or is not one of a definition.
  const checked: Record<keyof PluginDefinition, unknown> = CHECKS;
  expect(Object.keys(checked)).not.toEqual([]);
});

test.each<[string, object]>([
  ["the least", {}],
  ["every field", { version: "1", input: z.string(), options: z.object({}), output: z.any() }],
  ["an example", { example: { input: null, options: {} }, timeoutMs: 0.5 }],
  ["exact integers", { exactIntegers: true }],
  [
    "limits",
    {
      limits: {
        concurrency: 3,
        rate: "10/s",
        burst: 5,
        perKey: { key: "input.a.b", rate: "100/m" },
        name: "shared",
      },
    },
  ],
  ["a retry policy", { retry: { attempts: 3, backoff: { delayMs: 0, jitter: 1 } } }],
  [
    "optional fields that are undefined or null",
    { version: undefined, input: undefined, output: null },
  ],
  ["schemas of zod 3", { input: three.object({ a: three.string() }), output: three.string() }],
  ["schemas of zod/mini", { input: mini.object({ a: mini.string() }) }],
  ["a schema made from JSON Schema", { input: z.fromJSONSchema({ type: "object" }) }],
])("a definition with %s is right", (_, more) => {
  const definition = { ...RIGHT, ...more } as PluginDefinition;
  expect(definitionFaults(definition)).toEqual([]);
  expect(definePlugin(definition)).toBe(definition);
});

const WRONG: [object, string][] = [
  [
    { name: undefined },
    'name is missing: it must be 1 to 64 lower-case letters, digits and dashes, such as "word-count"',
  ],
  [{ exactIntegers: "yes" }, 'exactIntegers is "yes": it must be true or false'],
  [
    { name: 5 },
    'name is 5: it must be 1 to 64 lower-case letters, digits and dashes, such as "word-count"',
  ],
  [
    { name: " Count Words!" },
    'name is " Count Words!": it must be 1 to 64 lower-case letters, digits and dashes, such as "count-words"',
  ],
  [{ version: 2 }, 'version is 2: it must be a string that is not empty, such as "1.0.0"'],
  [{ version: "" }, 'version is "": it must be a string that is not empty, such as "1.0.0"'],
  [
    { description: undefined },
    "description is missing: it must be a sentence that says what the plugin does",
  ],
  [
    { description: ["x"] },
    "description is an array of 1: it must be a sentence that says what the plugin does",
  ],
  [{ run: undefined }, "run is missing: it must be a function (input, ctx)"],
  [{ run: "x" }, 'run is "x": it must be a function (input, ctx)'],
  [{ timeoutMs: "5000" }, `timeoutMs is "5000": ${A_TIMEOUT}`],
  [{ timeoutMs: 0 }, `timeoutMs is 0: ${A_TIMEOUT}`],
  [{ timeoutMs: Number.POSITIVE_INFINITY }, `timeoutMs is Infinity: ${A_TIMEOUT}`],
  [{ timeoutMs: 5n }, `timeoutMs is 5n: ${A_TIMEOUT}`],
  [{ limits: 3 }, "limits is 3: it must be an object such as { concurrency: 2 }"],
  [
    { limits: {} },
    "limits has neither concurrency nor rate nor perKey: it must have one, such as { concurrency: 2 }",
  ],
  [
    { limits: { concurrency: 0 } },
    "limits has a concurrency that is 0: it must be a whole number from 1 to 1000",
  ],
  [
    { limits: { concurrency: 2, per: 3 } },
    'limits has an unknown field "per": the fields of limits are concurrency, rate, burst, perKey, maxQueued, name',
  ],
  [
    { limits: { concurrency: 2, maxQueued: 10_001 } },
    "limits has a maxQueued that is 10001: it must be a whole number from 1 to 10000",
  ],
  [
    { limits: { maxQueued: 10 } },
    "limits has neither concurrency nor rate nor perKey: it must have one, such as { concurrency: 2 }",
  ],
  [
    { limits: { rate: "10 per second" } },
    'limits has a rate that is "10 per second": it must be a number from 1 to 10000 of steps in a second, a minute or an hour, such as "10/s", "100/m" or "5/h"',
  ],
  [
    { limits: { rate: 3 } },
    'limits has a rate that is 3: it must be a number from 1 to 10000 of steps in a second, a minute or an hour, such as "10/s", "100/m" or "5/h"',
  ],
  [
    { limits: { rate: "10/s", burst: 0 } },
    "limits has a burst that is 0: it must be a whole number from 1 to 1000",
  ],
  [
    { limits: { concurrency: 1, burst: 5 } },
    "limits has a burst that is 5: it must be beside a rate",
  ],
  [
    { limits: { perKey: { key: "input.a", rate: "0/s" } } },
    'limits has a perKey whose rate is "0/s": it must be a number from 1 to 10000 of steps in a second, a minute or an hour, such as "10/s", "100/m" or "5/h"',
  ],
  [
    { limits: { concurrency: 2, name: "A b" } },
    'limits has a name that is "A b": it must be 1 to 64 lower-case letters, digits and dashes',
  ],
  [
    { limits: { perKey: 2 } },
    'limits has a perKey that is 2: it must be an object such as { key: "input.domain", concurrency: 1 }',
  ],
  [
    { limits: { perKey: { key: "domain", concurrency: 1 } } },
    'limits has a perKey whose key is "domain": it must be the path of a value in the input, such as "input.domain"',
  ],
  [
    { limits: { perKey: { key: "input.a" } } },
    'limits has a perKey with neither concurrency nor rate: it must have one, such as { key: "input.domain", concurrency: 1 }',
  ],
  [
    { limits: { perKey: { key: "input.a", concurrency: 1_001 } } },
    "limits has a perKey whose concurrency is 1001: it must be a whole number from 1 to 1000",
  ],
  [{ retry: 3 }, "retry is 3: it must be an object such as { attempts: 3 }"],
  [{ retry: {} }, "retry has attempts of nothing: they must be a whole number from 1 to 100"],
  [
    { retry: { attempts: 2.5 } },
    "retry has attempts of 2.5: they must be a whole number from 1 to 100",
  ],
  [
    { retry: { attempts: 2, delay: 1 } },
    'retry has an unknown field "delay": the fields of retry are attempts, backoff',
  ],
  [
    { retry: { attempts: 2, backoff: [] } },
    "retry has a backoff that is an array of 0: it must be an object such as { delayMs: 1000 }",
  ],
  [
    { retry: { attempts: 2, backoff: { delay: 1 } } },
    'retry has a backoff with an unknown field "delay": did you mean "delayMs"?',
  ],
  [
    { retry: { attempts: 2, backoff: { jitter: 2 } } },
    "retry has a backoff whose jitter is 2: it must be a number from 0 to 1",
  ],
  [{ secrets: "API_KEY" }, 'secrets is "API_KEY": it must be a list of names such as ["API_KEY"]'],
  [
    { secrets: ["api-key"] },
    'secrets has the name "api-key": it must be capital letters, digits and underscores, at most 64, and begin with a letter, such as API_KEY',
  ],
  [
    { secrets: ["KEY"] },
    'secrets has the name "KEY": it must have another name, because PLAYGROUND_SECRET_KEY is a setting',
  ],
  [
    { secrets: ["API_FILE"] },
    'secrets has the name "API_FILE": it must not end with _FILE, which ends the name of a variable that names a file',
  ],
  [{ secrets: ["A", "B", "A"] }, 'secrets has the name "A" twice'],
  [{ env: "URL" }, 'env is "URL": it must be a list of names such as ["REPORT_URL"]'],
  [
    { env: ["1ST"] },
    'env has the name "1ST": it must be the name of an environment variable, such as REPORT_URL',
  ],
  [
    { env: ["PLAYGROUND_TOKEN"] },
    'env has the name "PLAYGROUND_TOKEN": plugins get no variable of the daemon\'s own, which begin with PLAYGROUND_: declare a secret, or use another name',
  ],
  [{ env: ["A", "A"] }, 'env has the name "A" twice'],
  [{ example: "x" }, `example is "x": ${AN_EXAMPLE}`],
  [{ example: [{ input: 1 }] }, `example is an array of 1: ${AN_EXAMPLE}`],
  [{ example: { text: "x" } }, `example has no input: ${AN_EXAMPLE}`],
  [
    { example: { input: 1, option: {} } },
    'example has an unknown field "option": did you mean "options"?',
  ],
  [
    { input: { type: "object", properties: {} } },
    `input is a JSON Schema, {"type":"object","properties":{}}: ${A_SCHEMA}. Write it with zod, or wrap it as z.fromJSONSchema({ … })`,
  ],
  [
    { input: { text: "string" } },
    `input is {"text":"string"}: ${A_SCHEMA}, such as z.object({ … })`,
  ],
  [
    { options: { text: z.string(), n: z.number() } },
    "options is an object of zod schemas: wrap it as z.object({ … })",
  ],
  [{ output: z.string }, `output is a function: ${A_SCHEMA}, such as z.object({ … })`],
  [{ input: "string" }, `input is "string": ${A_SCHEMA}, such as z.object({ … })`],
  [
    { input: new core.$ZodString({ type: "string" }) },
    `input is a schema of zod's core: ${A_SCHEMA} made with "zod" or "zod/mini"`,
  ],
  [
    { input: { "~standard": { version: 1, vendor: "valibot", validate: () => {} } } },
    `input is a schema of valibot: ${A_SCHEMA}`,
  ],
  [
    { input: Object.assign(() => {}, { "~standard": { version: 1, vendor: "arktype" } }) },
    `input is a schema of arktype: ${A_SCHEMA}`,
  ],
  [{ timeout: 5 }, 'unknown field "timeout": did you mean "timeoutMs"?'],
  [{ inputSchema: z.string() }, 'unknown field "inputSchema": did you mean "input"?'],
  [{ verison: "1" }, 'unknown field "verison": did you mean "version"?'],
  [
    { author: "me" },
    'unknown field "author": the fields of a plugin are name, version, description, input, options, output, example, timeoutMs, retry, limits, secrets, env, exactIntegers, run',
  ],
];

test.each(WRONG.map(([more, fault]) => [fault, more]))("%s", (fault, more) => {
  const definition = { ...RIGHT, ...more } as unknown as PluginDefinition;
  expect(definitionFaults(definition)).toEqual([fault]);
  expect(() => definePlugin(definition)).toThrow(new TypeError(fault));
});

test("an example or schema that is not JSON is reported", () => {
  const [example, ...others] = definitionFaults({ ...RIGHT, example: { input: cycle } });
  expect(example).toMatch(/^example cannot be shown as JSON \(.*circular/s);
  expect(others).toEqual([]);
  for (const input of [cycle, { type: 5n }, { toJSON: () => undefined }]) {
    expect(definitionFaults({ ...RIGHT, input }).join()).toMatch(
      /^input is .*must be a zod schema/s,
    );
  }
});

test("all faults are reported together", () => {
  const definition = { name: "A", input: {}, handler: () => 1 } as unknown as PluginDefinition;
  expect(definitionFaults(definition).map((fault) => fault.split(" is ")[0])).toEqual([
    "name",
    "description",
    "input",
    "run",
    expect.stringContaining('unknown field "handler"'),
  ]);
  expect(() => definePlugin(definition)).toThrow(definitionFaults(definition).join("; "));
});

test("a definition that is not an object is refused", () => {
  for (const nothing of [undefined, null, "x"] as unknown as PluginDefinition[]) {
    expect(() => definePlugin(nothing)).toThrow(/^the definition is .*: it must be an object/);
  }
});
