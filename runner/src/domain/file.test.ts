import { expect, test } from "vitest";
import { fileNameProblem, fileTypeProblem, findReferences, isFileId } from "./file.ts";
import { parseRange } from "./byte-range.ts";

const ID = `file_${"01k9z".padEnd(26, "0")}`;
test("references are found with their pointers, and what is none is an issue", () => {
  const { found, issues } = findReferences({ a: [{ $file: ID }], "b/c~": { $file: 7 } }, "/input");
  expect(found).toEqual([{ path: "/input/a/0/$file", id: ID }]);
  expect(issues.map(({ path }) => path)).toEqual(["/input/b~1c~0/$file"]);
});

test("an issue says what stands in the place of an id, and other values are passed over", () => {
  const wrong = [null, [ID], { id: ID }, 7, true].map(($file) => ({ $file }));
  const { found, issues } = findReferences({ wrong, other: [null, 7, "x", { a: null }] }, "");
  expect(found).toEqual([]);
  expect(issues.map(({ message }) => message.split(":")[0])).toEqual([
    "is null",
    "is an array",
    "is an object",
    "is 7",
    "is true",
  ]);
});

test("issues are few and short, whatever the value is", () => {
  const wrong = { ["k".repeat(1_000_000)]: { $file: { deep: "v".repeat(1_000_000) } } };
  const { issues } = findReferences(
    Array.from({ length: 1_000 }, () => wrong),
    "/input",
  );
  expect(issues).toHaveLength(20);
  expect(JSON.stringify(issues).length).toBeLessThan(20 * 300);
});

test("ids, names and types are checked", () => {
  expect(isFileId(ID)).toBe(true);
  for (const id of ["file_1", `${ID}0`, ID.toUpperCase(), `x${ID}`, "../file"])
    expect(isFileId(id)).toBe(false);
  for (const name of ["a", "../a b.txt", "данные", "x".repeat(255)])
    expect(fileNameProblem(name)).toBeNull();
  for (const name of ["", "a\nb", "\u0000", "x".repeat(256), "\u2028"])
    expect(fileNameProblem(name)).not.toBeNull();
  for (const type of ["text/csv", "text/html; charset=utf-8", "image/svg+xml"])
    expect(fileTypeProblem(type)).toBeNull();
  for (const type of ["", "text", "text/", "text/a\r\nx: y", "a/b;\n"])
    expect(fileTypeProblem(type)).not.toBeNull();
});

test("a range of an empty file cannot be satisfied, and a whole file has none", () => {
  expect(parseRange("bytes=0-", 0)).toBe("unsatisfiable");
  expect(parseRange("bytes=-5", 0)).toBe("unsatisfiable");
  expect(parseRange(undefined, 10)).toBeNull();
  expect(parseRange("bytes=99999999999999999999-", 10)).toBe("unsatisfiable");
});

test.each([
  ["bytes=0-", 0, 9],
  ["bytes=9-", 9, 9],
  ["bytes=0-0", 0, 0],
  ["bytes=4-6", 4, 6],
  ["Bytes = 4 - 6", 4, 6],
  ["bytes=4-10", 4, 9],
  ["bytes=0-99", 0, 9],
  ["bytes=-1", 9, 9],
  ["bytes=-10", 0, 9],
  ["bytes=-11", 0, 9],
])("of ten bytes, %s is those from %d to %d", (header, start, end) => {
  expect(parseRange(header, 10)).toEqual({ start, end });
});

test.each(["bytes=10-", "bytes=10-12", "bytes=-0"])("of ten bytes, %s has none", (header) => {
  expect(parseRange(header, 10)).toBe("unsatisfiable");
});

test.each([
  "bytes=-",
  "bytes=6-4",
  "bytes=12-11",
  "bytes=0-1,4-5",
  "bytes=a-",
  "xbytes=0-1",
  "0-1",
])("%s is no range, and is ignored", (header) => {
  expect(parseRange(header, 10)).toBeNull();
});
