import { definePlugin } from "../../plugin-sdk.ts";
import { openTarget } from "../shared/output-target.ts";
import { EXAMPLE_PDF } from "./example.ts";
import { extract } from "./extract.ts";
import { Input, Options, Output } from "./options.ts";
import { parseRanges } from "./page-ranges.ts";
import type { PageText } from "./protocol.ts";
import { readSource } from "./read-source.ts";

// npm does not install this library with the package. Without it, the catalog shows the plugin as broken.
import.meta.resolve("pdfjs-dist/legacy/build/pdf.mjs");

/** The output has the text twice: as a whole and by page. */
const MAX_CHARACTERS = 20_000_000;

export default definePlugin({
  name: "pdf-to-text",
  version: "1.1.0",
  description:
    "Reads the text of a PDF by page, in reading order or with the columns of the page, with its metadata. Reports pages that are scanned pictures without text, or whose fonts give no text. Reads a file, a URL or base64, and writes the text to the output or to a file. `processedItems` counts pages.",
  input: Input,
  options: Options,
  output: Output,
  example: { input: { base64: EXAMPLE_PDF }, options: { pages: "1" } },
  async run(input, ctx) {
    const { options } = ctx;
    const target = await openTarget(options, ctx, { example: "report.txt", type: "text/plain" });
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
    await target?.write(pages.map(({ text }) => text).join("\n\f"));
    const numbers = (wanted: (page: PageText) => boolean): number[] =>
      pages.filter(wanted).map(({ page }) => page);
    return {
      pageCount,
      text:
        target === null
          ? pages
              .map(({ text }) => text)
              .join("\n\n")
              .trim()
          : null,
      file: null,
      ...target?.written(),
      characters: pages.reduce((sum, { text }) => sum + text.length, 0),
      pages: pages.map(({ text, ...page }) => ({
        ...page,
        text: target === null ? text : null,
        characters: text.length,
      })),
      scannedPages: numbers(({ isScanned }) => isScanned),
      unreadablePages: numbers(({ isUnreadable }) => isUnreadable),
      failedPages: numbers(({ error }) => error !== null),
      truncated: truncated !== null,
      metadata,
    };
  },
});
