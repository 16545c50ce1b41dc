/** What a user sees of a mistake: the field, the value and what would be right, each once. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { craftZip } from "../../../test/support/craft-zip.ts";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { messageWithCauses } from "../../domain/message-with-causes.ts";
import type { PluginDefinition } from "../../plugin-sdk.ts";
import csvProfile from "../csv-profile/index.ts";
import httpFetch from "../http-fetch/index.ts";
import htmlToMarkdown from "../html-to-markdown/index.ts";
import imageResize from "../image-resize/index.ts";
import pdfToText from "../pdf-to-text/index.ts";
import spreadsheetToJson from "../spreadsheet-to-json/index.ts";
import unzip from "../unzip/index.ts";
import xmlToJson from "../xml-to-json/index.ts";
import zip from "../zip/index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plugin-errors-"));
  mkdirSync(join(folder, "folder"));
  writeFileSync(join(folder, "a.txt"), "text");
  writeFileSync(join(folder, "a.zip"), craftZip([{ name: "b/c" }]));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function messageOf(plugin: unknown, input: unknown, options: object = {}): Promise<string> {
  const failed: unknown = await runPlugin(plugin as PluginDefinition, {
    input,
    options,
    filesRoot: folder,
  }).then(
    () => new Error("It did not fail"),
    (error: unknown) => error,
  );
  return messageWithCauses(failed as Error);
}

test.each(
  Object.entries({
    csvProfile,
    htmlToMarkdown,
    imageResize,
    pdfToText,
    spreadsheetToJson,
    xmlToJson,
  }),
)("%s shows no secret of a URL that it cannot download", async (_, plugin) => {
  const said = await messageOf(plugin, { url: "http://127.0.0.1:9/a?page=7&token=abcdef" });
  expect(said).toContain("http://127.0.0.1:9/a?page=7&token=***");
  expect(said).not.toContain("abcdef");
});

const READERS = { csvProfile, imageResize, pdfToText, spreadsheetToJson, xmlToJson };

describe.each(Object.entries(READERS))("%s", (_, plugin) => {
  test.each(["example.com/a", "ftp://example.com/a"])("refuses the URL %s", async (url) => {
    expect(await messageOf(plugin, { url })).toBe(
      `url is ${JSON.stringify(url)}: it must be a whole http or https URL, such as "https://example.com/data"`,
    );
  });

  test("says that a folder is no file", async () => {
    expect(await messageOf(plugin, { file: "folder" })).toMatch(
      /^file is "folder": it must be a file in the files folder, but it is (?:a folder|not a file\.)$/,
    );
  });
});

describe("csv-profile", () => {
  test("names an encoding that it does not know, also with a text", async () => {
    expect(await messageOf(csvProfile, { text: "a" }, { encoding: "utf-99" })).toBe(
      'encoding is "utf-99": it must be auto or the name of an encoding, such as utf-8, windows-1252, shift_jis or cp850.',
    );
  });

  test.each([
    [{ delimiter: "\n" }, 'delimiter: "\\n" must be another text, without line ends and quotes'],
    [{ quote: "ab" }, 'quote: "ab" must be auto, none or one punctuation character'],
  ])("shows the value of %j", async (options, message) => {
    expect(await messageOf(csvProfile, { text: "a" }, options)).toContain(message);
  });
});

test("image-resize names the file that is no image", async () => {
  expect(await messageOf(imageResize, { file: "a.txt" })).toBe(
    'file is "a.txt": the data is not an image in a known format (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG)',
  );
});

test("spreadsheet-to-json says where the sheet ends before the headerRow", async () => {
  const { input } = spreadsheetToJson.example!;
  expect(await messageOf(spreadsheetToJson, input, { headerRow: 99 })).toBe(
    "headerRow is 99: it must be a row of the sheet, which ends with row 2",
  );
});

test("xml-to-json shows the place once, and an encoding that it does not know", async () => {
  expect(await messageOf(xmlToJson, { text: "<a></b>" })).toBe(
    "text: the XML must be well-formed, but at line 1, column 7: unexpected close tag.",
  );
  expect(await messageOf(xmlToJson, { text: "<a/>" }, { encoding: "utf-99" })).toContain(
    '"utf-99"',
  );
});

test("zip does not replace a file that it packs", async () => {
  expect(await messageOf(zip, { files: ["a.txt"] }, { outputFile: "./a.txt" })).toBe(
    'files/0 is "a.txt": it is the outputFile too, which the archive would replace. Choose another outputFile.',
  );
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("text");
});

test("unzip tells a folder outside the files folder from a file", async () => {
  expect(await messageOf(unzip, { file: "a.zip" }, { outputFolder: "../x" })).toBe(
    'outputFolder is "../x": it leads out of the files folder. It must be a folder inside it, such as "out/reports", without links that lead out.',
  );
  expect(await messageOf(unzip, { file: "a.zip" }, { outputFolder: "a.txt" })).toMatch(
    /^outputFolder is "a\.txt": "b\/c" cannot be written \(ENOTDIR\)\. A part of its path may be a file/,
  );
});

test.each([
  [{ "a b": "secret" }, /^headers has the name "a b": it must be one such as "authorization"/],
  [{ a: "secret\nb" }, /^headers has "a": its value must be one line/],
  [{ a: "secret€" }, /^headers has "a": its value must be one line/],
])("http-fetch refuses the headers %j without their values", async (headers, message) => {
  const said = await messageOf(httpFetch, { url: "http://127.0.0.1:9/" }, { headers });
  expect(said).toMatch(message);
  expect(said).not.toContain("secret");
});
