import { expect, test } from "vitest";
import {
  fileFieldOf,
  inputWithFile,
  isReference,
  referenceText,
  takesFile,
  takesOnlyFile,
} from "./reference.ts";

const REFERENCE = { type: "object", properties: { $file: { type: "string" } } };
const EITHER = { anyOf: [{ type: "string" }, REFERENCE] };

test("a reference is written as the documents write it, and is recognized", () => {
  expect(referenceText("file_1")).toBe('{"$file": "file_1"}');
  expect(isReference(JSON.parse(referenceText("file_1")))).toBe(true);
  for (const other of [null, "file_1", [], {}, { $file: 7 }])
    expect(isReference(other)).toBe(false);
});

test("a schema takes a file if it is one of a reference, or has one as an alternative", () => {
  expect(takesFile(REFERENCE)).toBe(true);
  expect(takesFile(EITHER)).toBe(true);
  expect(takesFile({ oneOf: [{ anyOf: [REFERENCE] }] })).toBe(true);
  for (const other of [true, {}, { type: "object", properties: { file: REFERENCE } }]) {
    expect(takesFile(other)).toBe(false);
  }
});

test("a schema takes only a file if no alternative but null is another", () => {
  expect(takesOnlyFile(REFERENCE)).toBe(true);
  expect(takesOnlyFile({ anyOf: [REFERENCE, { type: "null" }] })).toBe(true);
  for (const other of [{}, EITHER, { anyOf: [REFERENCE, { type: "null" }, { type: "object" }] }]) {
    expect(takesOnlyFile(other)).toBe(false);
  }
});

test.each([
  [null, null],
  [{ type: "object" }, null],
  [{ type: "object", properties: { text: { type: "string" }, file: EITHER } }, "file"],
  [REFERENCE, ""],
])("the field of %j that takes a file is %j", (schema, field) => {
  expect(fileFieldOf(schema)).toBe(field);
});

test.each([
  ["any input", null, { a: 1 }, { $file: "f" }],
  ["an input that is a file", EITHER, "a.csv", { $file: "f" }],
  ["no place for a file", { properties: { text: { type: "string" } } }, { text: "a" }, null],
  [
    "a file that stands for another field",
    { properties: { text: { type: "string" }, file: EITHER, by: {} }, required: ["by"] },
    { text: "a", by: "b" },
    { by: "b", file: { $file: "f" } },
  ],
  [
    "a file that is required",
    { properties: { file: EITHER, width: {} }, required: ["file"] },
    { file: "a.png", width: 7 },
    { file: { $file: "f" }, width: 7 },
  ],
])("an example gets the file where it fits: %s", (_name, schema, example, expected) => {
  expect(inputWithFile(schema, example, "f")).toEqual(expected);
});
