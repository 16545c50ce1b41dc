import { expect, test } from "vitest";
import type { JsonSchema, ReadyPlugin } from "../../ports/plugin-catalog.ts";
import { toArgumentPath, toJobRequest, toolPlugins, toTool } from "./plugin-tools.ts";

function plugin(inputSchema: JsonSchema | null, optionsSchema: JsonSchema | null): ReadyPlugin {
  return {
    name: "p",
    source: "p.ts",
    status: "ready",
    version: "1.0.0",
    description: "For a test.",
    inputSchema,
    optionsSchema,
    outputSchema: null,
    example: null,
    timeoutMs: null,
    retry: null,
    limits: null,
    secrets: [],
    env: [],
    warnings: [],
  };
}

const TEXT: JsonSchema = { type: "object", properties: { text: { type: "string" } } };
const SIZE: JsonSchema = { type: "object", properties: { size: { type: "integer" } } };

test("the members of an object are the tool's arguments, beside the options", () => {
  const given = plugin({ ...TEXT, $schema: "x", required: ["text"] }, SIZE);
  expect(toTool(given).inputSchema).toEqual({
    type: "object",
    properties: { text: { type: "string" }, options: SIZE },
    required: ["text"],
  });
  expect(toJobRequest(given, { text: "a", options: { size: 1 } })).toMatchObject({
    plugins: [{ name: "p", options: { size: 1 } }],
    input: { text: "a" },
  });
  expect(toArgumentPath(given, "/input/text")).toBe("/text");
  expect(toArgumentPath(given, "/input")).toBe("");
  expect(toArgumentPath(given, "/plugins/0/options/size")).toBe("/options/size");
});

test("without options, a member of the input can have the name options", () => {
  const given = plugin({ type: "object", properties: { options: { type: "string" } } }, null);
  expect(toJobRequest(given, { options: "a" })).toMatchObject({
    plugins: [{ options: {} }],
    input: { options: "a" },
  });
});

test.each([
  ["an array", { type: "array" }],
  ["an object with a member options", { type: "object", properties: { options: {} } }],
  ["a union", { anyOf: [{ type: "string" }, { type: "null" }] }],
])("an input that is %s is one argument", (_, schema) => {
  const given = plugin(schema, SIZE);
  expect(toTool(given).inputSchema).toEqual({
    type: "object",
    properties: { input: schema, options: SIZE },
    required: ["input"],
    additionalProperties: false,
  });
  expect(toJobRequest(given, { input: [1], options: { size: 1 } })).toMatchObject({
    plugins: [{ options: { size: 1 } }],
    input: [1],
  });
  expect(toArgumentPath(given, "/input/0")).toBe("/input/0");
});

test("a schema that refers to itself does so where it is in the tool's", () => {
  const tree = { type: "array", items: { $ref: "#" } };
  const { inputSchema } = toTool(plugin(tree, null));
  expect(inputSchema.properties).toEqual({
    input: { type: "array", items: { $ref: "#/properties/input" } },
  });
});

test("a broken plugin is no tool, and neither is one that was not asked for", () => {
  const ready = plugin(TEXT, null);
  const list = () => [
    ready,
    { name: "q", source: "q.ts", status: "broken", error: "No." } as const,
  ];
  expect(toolPlugins({ list }, null)).toEqual([ready]);
  expect(toolPlugins({ list }, ["q"])).toEqual([]);
});
