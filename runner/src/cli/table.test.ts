import { expect, test } from "vitest";
import { toTable, type Column } from "./table.ts";
import { noPaint, type Paint } from "./terminal.ts";
import { cutTo, widthOf } from "./text-width.ts";

interface Row {
  readonly id: string;
  readonly state: string;
  readonly text: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "STATE", text: ({ state }) => state, color: () => "red" },
  { title: "TEXT", text: ({ text }) => text, isFlexible: true },
];
const ROW = { id: "job_01k9zr0000000000000000000", state: "failed", text: "a".repeat(100) };
const tag: Paint = (color, text) => `<${color}>${text}</>`;

test("columns are aligned, and nothing is cut for a program that reads the table", () => {
  const table = toTable(COLUMNS, [ROW, { id: "x", state: "", text: "b" }], {
    width: null,
    paint: noPaint,
  });
  expect(table.split("\n")).toEqual([
    "ID                             STATE   TEXT",
    `job_01k9zr0000000000000000000  failed  ${"a".repeat(100)}`,
    "x                                      b",
  ]);
});

test.each([60, 80, 200])(
  "in a terminal of %i columns the long texts are cut, and no id is",
  (width) => {
    const lines = toTable(COLUMNS, [ROW], { width, paint: noPaint }).split("\n");
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
    expect(lines[1]).toContain(ROW.id);
    expect(lines[1]?.endsWith("…")).toBe(width < 139);
  },
);

test("a terminal that is too narrow gets whole ids in lines that it wraps", () => {
  const [, line = ""] = toTable(COLUMNS, [ROW], { width: 20, paint: noPaint }).split("\n");
  expect(line).toBe(`${ROW.id}  failed  aaaaaaa…`);
});

test("color is around the word and not around the spaces after it", () => {
  const table = toTable(COLUMNS, [{ id: "x", state: "no", text: "y" }], { width: 80, paint: tag });
  expect(table.split("\n")[1]).toBe("x   <red>no</>     y");
});

test("a column without a text is left out", () => {
  const table = toTable(COLUMNS, [{ ...ROW, state: "" }], { width: 40, paint: noPaint });
  expect(table).not.toContain("STATE");
});

test("a text from a job cannot move the cursor, break the line or reverse its direction", () => {
  const text = "a\u001b[2Jb\r\nc\u202ed\u009be\tf";
  const [, line = ""] = toTable(COLUMNS, [{ id: "x", state: "", text }], {
    width: null,
    paint: noPaint,
  }).split("\n");
  expect(line).toBe(String.raw`x   a\u001b[2Jb⏎ c\u202ed\u009be f`);
});

test.each([
  ["naïve", 5],
  ["日本語", 6],
  ["👩‍👩‍👧‍👦 ok", 5],
  ["e\u0301", 1],
  ["한국", 4],
  ["🇩🇪", 2],
  ["→ …", 3],
])("%s takes %i columns", (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test("a cut text is never wider than its column, also when a wide letter does not fit", () => {
  expect(cutTo("日本語", 4)).toBe("日…");
  expect(cutTo("日本語", 5)).toBe("日本…");
  expect(cutTo("日本語", 6)).toBe("日本語");
});
