import { definePlugin } from "../../plugin-sdk.ts";
import { EXAMPLE_PDF } from "./example.ts";
import { extract } from "./extract.ts";
import { Input, Options, Output } from "./options.ts";
import { resolveOutput, writeText } from "./output-file.ts";
import { parseRanges } from "./page-ranges.ts";
import type { PageText } from "./protocol.ts";
import { readSource } from "./read-source.ts";

/** The output has the text twice: as a whole and by page. */
const MAX_CHARACTERS = 20_000_000;

export default definePlugin({
  name: "pdf-to-text",
  version: "1.0.0",
  description:
    "Reads the text of a PDF by page, in reading order or with the columns of the page, with its metadata. Reports pages that are scanned pictures without text. Reads a file, a URL or base64, and writes the text to the output or to a file. `processedItems` counts pages.",
  input: Input,
  options: Options,
  output: Output,
  example: { input: { base64: EXAMPLE_PDF }, options: { pages: "1" } },
  async run(input, ctx) {
    const { options } = ctx;
    const path = options.outputFile ? await resolveOutput(options.outputFile, ctx.files) : null;
    const { field, bytes } = await readSource(input, ctx);
    const pages: PageText[] = [];
    const task = {
      bytes,
      password: options.password || null,
      ranges: options.pages.trim() === "" ? null : parseRanges(options.pages),
      layout: options.layout === "columns",
      maxPages: options.maxPages,
      maxCharacters: MAX_CHARACTERS,
    };
    const { pageCount, selected, metadata, truncated } = await extract({
      task,
      field,
      signal: ctx.signal,
      onPage(page, total) {
        pages.push(page);
        ctx.metrics.add("processedItems", 1);
        ctx.progress(pages.length / total, `page ${page.page}`);
      },
    });
    if (selected === 0) {
      throw new Error(`pages is "${options.pages}": the PDF has ${pageCount} pages`);
    }
    if (truncated !== null) {
      const limit = truncated === "maxPages" ? options.maxPages : MAX_CHARACTERS;
      ctx.log.warn(`Only ${pages.length} of ${selected} pages were read: ${truncated} is ${limit}`);
    }
    if (path !== null) await writeText(path, pages.map(({ text }) => text).join("\n\f"));
    const numbers = (wanted: (page: PageText) => boolean): number[] =>
      pages.filter(wanted).map(({ page }) => page);
    return {
      pageCount,
      text:
        path === null
          ? pages
              .map(({ text }) => text)
              .join("\n\n")
              .trim()
          : null,
      file: path === null ? null : options.outputFile!,
      characters: pages.reduce((sum, { text }) => sum + text.length, 0),
      pages: pages.map(({ text, ...page }) => ({
        ...page,
        text: path === null ? text : null,
        characters: text.length,
      })),
      scannedPages: numbers(({ isScanned }) => isScanned),
      failedPages: numbers(({ error }) => error !== null),
      truncated: truncated !== null,
      metadata,
    };
  },
});
