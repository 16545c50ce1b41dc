import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { linesOf, pdfOf } from "../../../test/support/pdfs.ts";
import { messageWithCauses } from "../../domain/message-with-causes.ts";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import pdfToText from "./index.ts";
import { parseRanges, selectPages } from "./page-ranges.ts";

const folder = mkdtempSync(join(tmpdir(), "pdf-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Output {
  text: string | null;
  pages: { page: number; text: string | null; isScanned: boolean; error: string | null }[];
  metadata: Record<string, string | null>;
  pageCount: number;
  scannedPages: number[];
  unreadablePages: number[];
}

async function read(bytes: Uint8Array, options: object = {}, signal?: AbortSignal) {
  writeFileSync(join(folder, "a.pdf"), bytes);
  const run = { input: { file: "a.pdf" }, options, filesRoot: folder };
  const { output, trace } = await runPlugin(pdfToText, signal ? { ...run, signal } : run);
  return { ...(output as Output), trace };
}

const three = pdfOf({ pages: ["one", "two", "three"].map((word) => ({ content: linesOf(word) })) });

test("the text has lines, and an empty line between paragraphs", async () => {
  const bytes = pdfOf({
    pages: [{ content: linesOf("The first line", "and the second.", "", "Zürich (CH)") }],
    info: "/Title (Report)/CreationDate (D:20260213103000+01'00')",
  });
  const output = await read(bytes);
  expect(output.text).toBe("The first line\nand the second.\n\nZürich (CH)");
  expect(output).toMatchObject({ pageCount: 1, truncated: false, scannedPages: [] });
  expect(output.metadata).toMatchObject({
    title: "Report",
    author: null,
    createdAt: "2026-02-13T09:30:00.000Z",
    pdfVersion: "1.7",
  });
  expect(output.pages[0]).toMatchObject({ page: 1, width: 595, height: 842, error: null });
  expect(output.trace.metrics).toMatchObject({ processedItems: 1 });
});

test("with columns, each word is where it is on the page", async () => {
  const place = (x: number, y: number, text: string): string =>
    `BT /F1 10 Tf ${x} ${y} Td (${text}) Tj ET`;
  const content = [
    place(300, 700, "12.50"),
    place(50, 700, "Apples"),
    place(50, 686, "Pears"),
    place(300, 686, "7.00"),
    place(50, 650, "Total"),
  ].join("\n");
  const { text } = await read(pdfOf({ pages: [{ content }] }), { layout: "columns" });
  expect(text).toMatch(/^Apples {30,}12\.50\nPears {30,}7\.00\n\nTotal$/);
  const [apples = "", pears = ""] = text!.split("\n");
  expect(apples.indexOf("12.50")).toBe(pears.indexOf("7.00"));
});

test("the lines of a turned page are those that a reader sees", async () => {
  const content = "BT /F1 12 Tf 0 1 -1 0 100 50 Tm (upper) Tj 0 1 -1 0 115 50 Tm (lower) Tj ET";
  const bytes = pdfOf({ pages: [{ content, rotate: 90 }] });
  const { text, pages } = await read(bytes, { layout: "columns" });
  expect(text).toBe("upper\nlower");
  expect(pages[0]).toMatchObject({ width: 842, height: 595 });
});

test("a page that is only a picture is scanned, and a blank page is not", async () => {
  const picture = "q 595 0 0 842 0 0 cm /Im1 Do Q";
  const contents = [picture, `${picture} ${linesOf("Text over a picture")}`, ""];
  const pages = contents.map((content) => ({ content }));
  const output = await read(pdfOf({ pages, pictureSide: 200 }));
  expect(output.scannedPages).toEqual([1]);
  const icon = await read(pdfOf({ pages, pictureSide: 20 }));
  expect(icon.scannedPages).toEqual([]);
});

test("a page whose font does not say which characters it shows is unreadable", async () => {
  const font =
    "<</Type/Font/Subtype/Type0/BaseFont/Mill/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/Mill/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>";
  const signs = "BT /F2 12 Tf 50 700 Td <0001000200030004000500060007> Tj ET";
  const contents = [
    signs,
    linesOf("A page with letters"),
    `${linesOf("A bullet")} ${signs.replace(/<.*>/, "<0001>")}`,
  ];
  const pages = contents.map((content) => ({ content }));
  expect((await read(pdfOf({ pages, font }))).unreadablePages).toEqual([1]);
});

test("Japanese text needs no font in the file", async () => {
  const font =
    "<</Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/90ms-RKSJ-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>>>]>>";
  const content = "BT /F2 12 Tf 50 700 Td <93FA967B8CEA> Tj ET";
  expect((await read(pdfOf({ pages: [{ content }], font }))).text).toBe("日本語");
});

describe("pages", () => {
  test("are selected by their numbers", async () => {
    const output = await read(three, { pages: "3, 1" });
    expect(output.pages.map(({ page, text }) => [page, text])).toEqual([
      [1, "one"],
      [3, "three"],
    ]);
    expect(output.pageCount).toBe(3);
    expect(output.trace.progress).toMatchObject([
      { fraction: 0.5, message: "page 1" },
      { fraction: 1, message: "page 3" },
    ]);
    expect([...selectPages(parseRanges("2-"), 4)]).toEqual([2, 3, 4]);
  });

  test.each(["0", "3-1", "a", "1,,2", "-"])("%j is no list of pages", (pages) => {
    const { error } = pdfToText.options!.safeParse({ pages });
    expect(error?.issues[0]?.message).toBe(
      `pages is ${JSON.stringify(pages)}: it must be a list of pages such as "1-3, 7, 10-"`,
    );
  });

  test("that do not exist are refused with the number of pages", async () => {
    await expect(read(three, { pages: "7" })).rejects.toThrow('pages is "7": the PDF has 3 pages');
  });

  test("end after maxPages, and the job's log says so", async () => {
    const output = await read(three, { maxPages: 2 });
    expect(output).toMatchObject({ text: "one\n\ntwo", truncated: true });
    expect(output.trace.log[0]?.message).toBe("Only 2 of 3 pages were read: maxPages is 2");
  });
});

test("the text is written to a file with a form feed between pages", async () => {
  const output = await read(three, { outputFile: "out/a.txt" });
  expect(output).toMatchObject({ text: null, file: "out/a.txt", characters: 11 });
  expect(output.pages[0]).toMatchObject({ text: null, characters: 3 });
  expect(readFileSync(join(folder, "out/a.txt"), "utf8")).toBe("one\n\ftwo\n\fthree");
  expect(readdirSync(join(folder, "out"))).toEqual(["a.txt"]);
});

describe("a file that cannot be read", () => {
  test.each([
    ["text", Buffer.from("hello"), /it must be a PDF, but does not begin with %PDF-/],
    ["the beginning of a PDF", three.subarray(0, 60), /the PDF is damaged or incomplete/],
  ])("is refused: %s", async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toThrow(/^file is "a.pdf": /);
  });

  test("without a table of its objects is read all the same", async () => {
    const cut = Buffer.from(
      three.toString("latin1").replace(/startxref\n\d+/, "startxref\n7"),
      "latin1",
    );
    expect((await read(cut)).text).toBe("one\n\ntwo\n\nthree");
  });
});

describe("an encrypted file", () => {
  /** Three pages, encrypted by qpdf. */
  const encrypted = (name: string): Buffer =>
    readFileSync(new URL(`../../../test/support/encrypted-pdfs/${name}.pdf`, import.meta.url));

  test.each([["aes-256"], ["rc4-128"]])("is read with its password: %s", async (name) => {
    const { text, pageCount } = await read(encrypted(name), { password: "opên" });
    expect({ text, pageCount }).toEqual({ text: "one\n\ntwo\n\nthree", pageCount: 3 });
  });

  test("that only restricts printing and copying is read without a password", async () => {
    expect((await read(encrypted("restricted"))).text).toBe("one\n\ntwo\n\nthree");
  });

  test.each([
    [{}, 'file is "a.pdf": the PDF is encrypted. Give its password in the option password'],
    [
      { password: "Open" },
      'file is "a.pdf": the PDF is encrypted, and the option password is not its password',
    ],
  ])("is refused with %j, and the password is not repeated", async (options, message) => {
    const failed: unknown = await read(encrypted("aes-256"), options).catch(
      (error: unknown) => error,
    );
    expect(messageWithCauses(failed as Error)).toBe(message);
  });
});

test("a job that is cancelled ends", async () => {
  const pages = Array.from({ length: 500 }, () => ({ content: linesOf("text") }));
  const signal = AbortSignal.timeout(50);
  await expect(read(pdfOf({ pages }), {}, signal)).rejects.toThrow(/aborted/);
});

test("the globals of the thread are not changed", async () => {
  const before = Object.getOwnPropertyNames(globalThis).length;
  await read(three);
  expect(Object.getOwnPropertyNames(globalThis)).toHaveLength(before);
});
