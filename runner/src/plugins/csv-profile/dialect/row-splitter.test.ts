import fc from "fast-check";
import { expect, test } from "vitest";
import type { Dialect, TableShape } from "./dialect.ts";
import { createRowSplitter } from "./row-splitter.ts";

const COMMA: Dialect = { delimiter: ",", quote: '"', escape: "", comment: "", newline: "\n" };
const SHAPE: TableShape = {
  width: 2,
  fits: (cells) => cells.length === 2 && /^\d+$/.test(cells[0]!),
};

function split(text: string, size = Infinity, dialect: Dialect = COMMA, table?: TableShape) {
  const rows: { cells: string[]; line: number; start: number; quoteErrors: number }[] = [];
  const splitter = createRowSplitter(dialect, {
    table,
    onRow({ cells, line, start, quoteErrors }) {
      rows.push({ cells, line, start, quoteErrors });
    },
  });
  for (let at = 0; at < text.length; at += size) splitter.push(text.slice(at, at + size));
  splitter.end();
  return rows;
}

test("what a CSV writer writes is read as it was", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", " ", "é"), maxLength: 6 });
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 8 });
  fc.assert(
    fc.property(table, (rows) => {
      const write = (value: string): string => `"${value.replaceAll('"', '""')}"`;
      const text = rows.map((row) => row.map(write).join(",")).join("\n");
      expect(split(text).map(({ cells }) => cells)).toEqual(rows);
    }),
  );
});

test("any text gives the same rows in pieces of any size", () => {
  const text = fc.string({
    unit: fc.constantFrom("1", "x", ",", '"', "\n", " ", "\\", "\uFEFF"),
    maxLength: 60,
  });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (written, size) => {
      for (const escape of ["", "\\"]) {
        const dialect = { ...COMMA, escape };
        const whole = split(written, Infinity, dialect, undefined);
        expect(split(written, size, dialect, undefined)).toEqual(whole);
      }
    }),
    { numRuns: 500 },
  );
});

test("the line and the start of each row are where it is in the text", () => {
  const text = 'a,b\n\n1,"x\ny"\n2,z\n';
  expect(split(text).map(({ line, start }) => [line, text.slice(start, start + 3)])).toEqual([
    [1, "a,b"],
    [3, '1,"'],
    [5, "2,z"],
  ]);
});

test("a stray quote is text if its line and the next are rows, and a real one is not", () => {
  const rows = split('1,"x\n2,y"\n3,z\n4,"a\nb"\n', Infinity, COMMA, SHAPE);
  expect(rows.map(({ cells }) => cells)).toEqual([
    ["1", '"x'],
    ["2", 'y"'],
    ["3", "z"],
    ["4", "a\nb"],
  ]);
});

test("millions of unclosed quotes are read in bounded time and memory", () => {
  const piece = '"x\n'.repeat(100_000);
  let rows = 0;
  const splitter = createRowSplitter(COMMA, {
    onRow() {
      rows += 1;
    },
  });
  for (let count = 0; count < 30; count++) splitter.push(piece);
  splitter.end();
  expect(rows).toBe(3_000_000);
}, 60_000);
