import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeOds, writeXlsx } from "hucre";
import { afterAll, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { sheetXml, xlsxOf, odsOf, type XlsxParts } from "../../../test/support/workbooks.ts";
import spreadsheetToJson from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "spreadsheet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Output {
  rows: unknown[] | null;
  columns: { name: string; column: string; kinds: Record<string, number> }[];
  formulas: object;
  errors: object;
}

async function read(bytes: Uint8Array, options: object = {}) {
  writeFileSync(join(folder, "book"), bytes);
  const run = { input: { file: "book" }, options, filesRoot: folder };
  const { output, trace } = await runPlugin(spreadsheetToJson, run);
  return { ...(output as Output), trace };
}

const readXlsx = (parts: XlsxParts, options: object = {}) => read(xlsxOf(parts), options);

/** The cells of one row, as the only row of a sheet without a header. */
async function cells(xml: string, parts: Omit<XlsxParts, "sheets"> = {}): Promise<unknown> {
  const sheets = [{ name: "S", xml: sheetXml(`<row r="1">${xml}</row>`) }];
  const { rows } = await readXlsx({ ...parts, sheets }, { headerRow: 0, rowsAs: "arrays" });
  return rows?.[0];
}

describe("a workbook of another program", () => {
  const day = new Date(Date.UTC(2026, 1, 13));
  const sheets = [
    {
      name: "Orders",
      rows: [
        ["id", "day", "share", "paid", "note"],
        [1, day, 0.255, true, "Zürich 日本"],
        [2, new Date(Date.UTC(2026, 1, 14, 10, 30)), 1, false, null],
      ],
      columns: [{}, { numFmt: "yyyy-mm-dd hh:mm" }, { numFmt: "0.0%" }, {}, {}],
    },
  ];

  test.each([
    ["xlsx", () => writeXlsx({ sheets })],
    ["ods", () => writeOds({ sheets })],
  ])("is read from %s", async (format, write) => {
    const output = await read(await write());
    expect(output).toMatchObject({ format, sheet: "Orders", headerRow: 1, rowCount: 2 });
    expect(output.rows).toEqual([
      { id: 1, day: "2026-02-13", share: 0.255, paid: true, note: "Zürich 日本" },
      { id: 2, day: "2026-02-14T10:30:00", share: 1, paid: false, note: null },
    ]);
    expect(output.trace.metrics).toMatchObject({ processedItems: 2 });
  });
});

describe("values of xlsx", () => {
  test("a date format makes dates and times of numbers", async () => {
    const formats = ["[$-409]d\\ mmm\\ yyyy;@", "[h]:mm:ss", "h:mm AM/PM", '0" days"', "mmm-yy"];
    const values = [46066.4375, 1.5, 0.25, 7, 46066];
    const xml = values.map((value, style) => `<c s="${style}"><v>${value}</v></c>`).join("");
    expect(await cells(xml, { formats })).toEqual([
      "2026-02-13T10:30:00",
      "36:00:00",
      "06:00:00",
      7,
      "2026-02-13",
    ]);
  });

  test("days before March 1900 have the numbers of Excel, and 1904 shifts all", async () => {
    const xml =
      '<c s="0"><v>1</v></c><c s="0"><v>59</v></c><c s="0"><v>60</v></c><c s="0"><v>61</v></c>';
    const formats = ["yyyy-mm-dd"];
    expect(await cells(xml, { formats })).toEqual(["1900-01-01", "1900-02-28", 60, "1900-03-01"]);
    const shifted = await cells('<c s="0"><v>44604</v></c>', { formats, uses1904: true });
    expect(shifted).toEqual(["2026-02-13"]);
  });

  test("an integer that a number would round is text", async () => {
    const xml =
      "<c><v>8202522731445525542</v></c><c><v>9007199254740991</v></c><c><v>1E+20</v></c>";
    expect(await cells(xml)).toEqual(["8202522731445525542", 9007199254740991, 1e20]);
  });

  test("texts have their runs and line ends, and not their phonetic text", async () => {
    const strings = [
      "<si><r><t>a</t></r><r><t xml:space='preserve'> b</t></r><rPh><t>x</t></rPh></si>",
      "<si><t>one_x000A_two &amp; &#x1F600;</t></si>",
    ];
    const xml = '<c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="inlineStr"><is><t>in</t></is></c>';
    expect(await cells(xml, { strings })).toEqual(["a b", "one\ntwo & 😀", "in"]);
  });

  test("a formula has its stored value, and errors and missing values are counted", async () => {
    const xml = sheetXml(
      '<row r="1"><c r="A1" t="str"><f>"a"&amp;"b"</f><v>ab</v></c><c r="B1"><f>1+1</f></c>' +
        '<c r="C1" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>',
    );
    const output = await readXlsx({ sheets: [{ name: "S", xml }] }, { headerRow: 0 });
    expect(output.rows).toEqual([{ A: "ab", B: null, C: null }]);
    expect(output.formulas).toEqual({ total: 3, withoutValue: 1 });
    expect(output.errors).toEqual({ total: 1, listed: [{ cell: "C1", error: "#DIV/0!" }] });
  });
});

const text = (place: string, value: string): string =>
  `<c r="${place}" t="str"><v>${value}</v></c>`;

describe("the table", () => {
  const xml = sheetXml(
    `<row r="1">${text("A1", "Report")}</row>` +
      `<row r="3">${text("A3", "city")}${text("B3", "n")}${text("C3", "n")}</row>` +
      `<row r="4">${text("A4", "Bonn")}<c r="B4"><v>1</v></c><c r="D4"><v>4</v></c></row>` +
      `<row r="7">${text("A7", "Ulm")}<c r="B7"><v>2</v></c></row>`,
    '<mergeCells><mergeCell ref="A4:A6"/><mergeCell ref="B4:C4"/></mergeCells>',
  );
  const parts = { sheets: [{ name: "S", xml }] };

  test("has names from the header row, a suffix for a repeated one and a letter for none", async () => {
    const output = await readXlsx(parts, { headerRow: 3 });
    expect(output.rows).toEqual([
      { city: "Bonn", n: 1, "n (2)": null, D: 4 },
      { city: "Ulm", n: 2, "n (2)": null, D: null },
    ]);
    expect(output).toMatchObject({ headerRow: 3, emptyRows: 2, truncated: false });
    expect(output.columns[1]).toEqual({ name: "n", column: "B", kinds: { number: 2 } });
  });

  test("keeps empty rows if asked", async () => {
    const options = { headerRow: 3, emptyRows: "keep", rowsAs: "arrays", range: "A:C" };
    expect((await readXlsx(parts, options)).rows).toEqual([
      ["Bonn", 1, null],
      [null, null, null],
      [null, null, null],
      ["Ulm", 2, null],
    ]);
  });

  test("repeats the value of a merged area in its cells", async () => {
    const options = { headerRow: 3, mergedCells: "fill", rowsAs: "arrays", range: "A3:C" };
    expect((await readXlsx(parts, options)).rows).toEqual([
      ["Bonn", 1, 1],
      ["Bonn", null, null],
      ["Bonn", null, null],
      ["Ulm", 2, null],
    ]);
  });

  test("ends after maxRows and says so", async () => {
    const output = await readXlsx(parts, { headerRow: 3, maxRows: 1 });
    expect(output).toMatchObject({ rowCount: 1, truncated: true });
    expect(output.trace.log[0]?.message).toContain("maxRows is 1");
    const whole = await readXlsx(parts, { headerRow: 3, maxRows: 2 });
    expect(whole).toMatchObject({ rowCount: 2, truncated: false });
  });

  test("is written to a file with one row a line", async () => {
    const output = await readXlsx(parts, { headerRow: 3, outputFile: "out/rows.jsonl" });
    expect(output).toMatchObject({ rows: null, file: "out/rows.jsonl", rowCount: 2 });
    const lines = readFileSync(join(folder, "out/rows.jsonl"), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { city: string }).city)).toEqual([
      "Bonn",
      "Ulm",
    ]);
    expect(readdirSync(join(folder, "out"))).toEqual(["rows.jsonl"]);
  });
});

describe("the sheet", () => {
  const sheet = (value: string) => sheetXml(`<row r="1">${text("A1", value)}</row>`);
  const sheets = [
    { name: "secret", xml: sheet("hidden"), hidden: true },
    { name: "1", xml: sheet("named 1") },
    { name: "Data", xml: sheet("data") },
  ];

  test.each([
    ["", "named 1"],
    ["1", "named 1"],
    ["3", "data"],
    ["secret", "hidden"],
  ])("%j is %s", async (wanted, value) => {
    const { rows } = await readXlsx({ sheets }, { sheet: wanted, headerRow: 0 });
    expect(rows).toEqual([{ A: value }]);
  });

  test("is refused with the names that exist", async () => {
    await expect(readXlsx({ sheets }, { sheet: "data" })).rejects.toThrow(
      'sheet is "data": it must be one of "secret", "1", "Data", or a number from 1 to 3',
    );
  });
});

describe("ods", () => {
  const cell = (attributes: string, value = ""): string =>
    `<table:table-cell ${attributes}>${value}</table:table-cell>`;

  test("values have their types, notes are left out and repeated cells are repeated", async () => {
    const row = [
      cell('office:value-type="percentage" office:value="0.255"', "<text:p>25.5 %</text:p>"),
      cell('office:value-type="time" office:time-value="PT36H00M01S"', "<text:p>x</text:p>"),
      cell('office:value-type="date" office:date-value="2026-02-13"'),
      cell(
        'office:value-type="string" table:number-columns-repeated="2"',
        '<office:annotation><text:p>note</text:p></office:annotation><text:p>a<text:s text:c="2"/>b</text:p><text:p>c</text:p>',
      ),
      cell('office:value-type="string" calcext:value-type="error"', "<text:p>#N/A</text:p>"),
      cell('table:number-columns-repeated="16000"'),
    ];
    const xml = `<table:table-row>${row.join("")}</table:table-row>`;
    const output = await read(odsOf([{ name: "S", xml }]), { headerRow: 0, rowsAs: "arrays" });
    expect(output.rows).toEqual([[0.255, "36:00:01", "2026-02-13", "a  b\nc", "a  b\nc", null]]);
    expect(output.errors).toEqual({ total: 1, listed: [{ cell: "F1", error: "#N/A" }] });
  });

  test("repeated rows end at maxRows, and the empty rows to the end of the sheet are none", async () => {
    const full = `<table:table-row table:number-rows-repeated="1000000">${cell('office:value-type="float" office:value="7"')}</table:table-row>`;
    const empty = `<table:table-row table:number-rows-repeated="1048000">${cell("")}</table:table-row>`;
    const many = await read(odsOf([{ name: "S", xml: full }]), { headerRow: 0, maxRows: 3 });
    expect(many).toMatchObject({ rows: [{ A: 7 }, { A: 7 }, { A: 7 }], truncated: true });
    const none = await read(odsOf([{ name: "S", xml: empty }]), { emptyRows: "keep" });
    expect(none).toMatchObject({ rows: [], emptyRows: 0 });
  });

  test("merged areas are filled", async () => {
    const spanned = cell(
      'office:value-type="float" office:value="7" table:number-columns-spanned="2" table:number-rows-spanned="2"',
    );
    const xml =
      `<table:table-row>${spanned}<table:covered-table-cell/>${cell('office:value-type="float" office:value="1"')}</table:table-row>` +
      `<table:table-row><table:covered-table-cell table:number-columns-repeated="2"/></table:table-row>`;
    const options = { headerRow: 0, rowsAs: "arrays", mergedCells: "fill" };
    expect((await read(odsOf([{ name: "S", xml }]), options)).rows).toEqual([
      [7, 7, 1],
      [7, 7, null],
    ]);
  });
});

describe("a file that is not a workbook", () => {
  test.each([
    ["CSV", Buffer.from("a;b\n1;2\n"), /is text, such as CSV or HTML. For CSV, use csv-profile/],
    ["nothing", Buffer.alloc(0), /it is empty/],
    [
      "a ZIP archive",
      xlsxOf({ sheets: [] }, ["[Content_Types].xml"]),
      /ZIP archive and not a workbook/,
    ],
    ["half of a workbook", xlsxOf({ sheets: [] }).subarray(0, 300), /damaged or incomplete/],
    [
      "a protected workbook",
      Buffer.concat([
        Buffer.from([0xd0, 0xcf, 0x11, 0xe0]),
        Buffer.alloc(600),
        Buffer.from("EncryptedPackage", "utf16le"),
      ]),
      /protected with a password. Save it without a password/,
    ],
  ])("is refused: %s", async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toThrow(/^file is "book": /);
  });

  test("is refused with the row if its XML is broken, and leaves no file", async () => {
    const xml = sheetXml('<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c></row>');
    const options = { headerRow: 0, outputFile: "broken.jsonl" };
    const run = readXlsx({ sheets: [{ name: "S", xml }] }, options);
    await expect(run).rejects.toThrow(/damaged or incomplete \(unexpected close tag/);
    expect(existsSync(join(folder, "broken.jsonl"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

describe("a bomb is refused", () => {
  const strings = [`<si><t>${"a".repeat(10_000)}</t></si>`];
  const xml = sheetXml('<row r="1"><c t="s"><v>0</v></c></row>');
  const declare = (bytes: number): Buffer => {
    const book = xlsxOf({ sheets: [{ name: "S", xml }], strings });
    // The entry in the central directory, whose name begins at byte 46 and whose size is at 24.
    const entry = book.lastIndexOf("xl/sharedStrings.xml") - 46;
    book.writeUInt32LE(bytes, entry + 24);
    return book;
  };

  test("by the size it declares, before it is decompressed", async () => {
    await expect(read(declare(300_000_000))).rejects.toThrow(
      "its part xl/sharedStrings.xml has 300000000 bytes after decompression. It must have at most 268435456",
    );
  });

  test("when it decompresses to more than it declares", async () => {
    await expect(read(declare(5000))).rejects.toThrow(/damaged or incomplete \(too many bytes/);
  });
});

test("entities of a DTD are not expanded", async () => {
  const xml = `<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>${sheetXml('<row r="1"><c t="str"><v>&a;</v></c></row>')}`;
  await expect(readXlsx({ sheets: [{ name: "S", xml }] })).rejects.toThrow(/undefined entity/);
});

test("a list in the output has at most 2,000,000 cells", async () => {
  const cell =
    '<table:table-cell office:value-type="float" office:value="7" table:number-columns-repeated="16000"/>';
  const xml = `<table:table-row table:number-rows-repeated="1000">${cell}</table:table-row>`;
  const output = await read(odsOf([{ name: "S", xml }]), { headerRow: 0, rowsAs: "arrays" });
  expect(output).toMatchObject({ rowCount: 125, truncated: true });
  expect(output.trace.log[0]?.message).toContain("Set outputFile");
}, 60_000);

test("a wrong range is refused with its value", () => {
  const result = spreadsheetToJson.options!.safeParse({ range: "3:5" });
  expect(result.error?.issues[0]?.message).toBe(
    'range is "3:5": it must be a range such as "B3:F100" or "B:F"',
  );
});
