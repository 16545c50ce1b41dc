import { z } from "zod";
import { requireOneSource } from "../shared/one-source.ts";
import { fileSource } from "../shared/file-source.ts";
import { OutputLocation, outputName } from "../shared/output-target.ts";
import { parseRanges } from "./page-ranges.ts";

export const Input = z
  .object({
    file: fileSource(
      "Path of a PDF in the daemon's files folder, such as `in/contract.pdf`.",
    ).optional(),
    url: z.string().optional().describe("An http or https URL to download the PDF from."),
    base64: z.string().optional().describe("The PDF in base64, for small PDFs."),
  })
  .superRefine(({ file, url, base64 }, check) => requireOneSource({ file, url, base64 }, check));

export const Options = z.strictObject({
  pages: z
    .string()
    .default("")
    .refine((written) => written.trim() === "" || parseRanges(written) !== null, {
      error: ({ input }) =>
        `pages is ${JSON.stringify(input)}: it must be a list of pages such as "1-3, 7, 10-"`,
    })
    .describe("The pages to read, such as `1-3, 7, 10-`, counted from 1. If empty, all."),
  layout: z
    .enum(["reading", "columns"])
    .default("reading")
    .describe(
      "`reading`: the text in the order of the document, with an empty line between paragraphs. `columns`: each word where it is on the page, for tables and forms.",
    ),
  password: z
    .string()
    .optional()
    .describe("Password of an encrypted PDF. It is stored with the job, as all options are."),
  maxPages: z
    .int()
    .min(1)
    .max(100_000)
    .default(2000)
    .describe("The most pages to read. `truncated` reports if more were selected."),
  outputFile: z
    .string()
    .optional()
    .describe(
      "Path in the files folder to write the text to, such as `out/contract.txt`, with a form feed between pages. An existing file is replaced. If empty, the text is in the output.",
    ),
  outputName: outputName("report.txt"),
});

const text = z.string().nullable();

export const Output = z.object({
  pageCount: z.int().describe("Number of pages of the PDF."),
  text: text.describe(
    "The text of the pages, with an empty line between two. Null if it was written to a file.",
  ),
  file: OutputLocation.nullable().describe(
    "Path of the text in the files folder, or a reference to it. Null if it is in the output.",
  ),
  characters: z.int().describe("Number of characters of all pages."),
  pages: z
    .array(
      z.object({
        page: z.int().describe("Number of the page, from 1."),
        text: text.describe("Text of the page. Null if it was written to a file."),
        characters: z.int().describe("Number of characters of the page."),
        isScanned: z
          .boolean()
          .describe("Whether the page is a picture without text. It needs text recognition (OCR)."),
        isUnreadable: z
          .boolean()
          .describe(
            "Whether a quarter of the text or more is control characters and the like, because a font does not say which characters it shows. The page needs text recognition (OCR).",
          ),
        width: z.int().describe("Width in points, as the page is shown. 72 points are an inch."),
        height: z.int().describe("Height in points, as the page is shown."),
        error: text.describe("Why the page could not be read. Null if it was."),
      }),
    )
    .describe("The pages that were read."),
  scannedPages: z.array(z.int()).describe("Numbers of the pages that are pictures without text."),
  unreadablePages: z
    .array(z.int())
    .describe("Numbers of the pages whose text is not that of the page. See `isUnreadable`."),
  failedPages: z.array(z.int()).describe("Numbers of the pages that could not be read."),
  truncated: z
    .boolean()
    .describe("Whether pages are missing because of `maxPages` or the limit of the text."),
  metadata: z
    .object({
      title: text.describe("Title of the document."),
      author: text.describe("Author."),
      subject: text.describe("Subject."),
      keywords: text.describe("Keywords."),
      creator: text.describe("Program that the document was written with."),
      producer: text.describe("Program that made the PDF."),
      createdAt: text.describe("When it was made, in ISO 8601."),
      modifiedAt: text.describe("When it was last changed, in ISO 8601."),
      pdfVersion: text.describe("Version of PDF, such as `1.7`."),
    })
    .describe("What the PDF says about itself. Null where it says nothing."),
});
