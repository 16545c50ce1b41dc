import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { FileReference } from "../shared/file-source.ts";
import { openTarget, OutputLocation, outputName } from "../shared/output-target.ts";
import { listEntries } from "./list-entries.ts";
import { packEntries } from "./pack-entries.ts";
import { toBase64 } from "./to-base64.ts";

const Input = z
  .object({
    files: z
      .array(z.union([z.string().min(1), FileReference]))
      .optional()
      .describe(
        "Paths of files and folders in the daemon's files folder, such as `reports` or `in/a.csv`, or references to files, which are packed under their names. A folder is packed with all that it contains.",
      ),
    texts: z
      .record(z.string(), z.string())
      .optional()
      .describe("Texts to pack: the name in the archive, such as `readme.txt`, and its text."),
  })
  .superRefine(({ files = [], texts = {} }, check) => {
    if (files.length > 0 || Object.keys(texts).length > 0) return;
    check.addIssue("files or texts is required, but both are empty");
  });

const Options = z.strictObject({
  outputFile: z
    .string()
    .optional()
    .describe(
      "Path in the files folder to write the archive to, such as `out/reports.zip`. An existing file is replaced. If empty, the archive is returned as base64 and can have up to 8 MiB.",
    ),
  outputName: outputName("reports.zip"),
  relativeTo: z
    .string()
    .default("")
    .describe(
      "A folder in the files folder. Names in the archive begin below it: with `reports`, the file `reports/2026/a.csv` is packed as `2026/a.csv`.",
    ),
  level: z
    .int()
    .min(0)
    .max(9)
    .default(6)
    .describe("How much to compress. 0 stores the files as they are, 9 is the slowest."),
  maxEntries: z
    .int()
    .min(1)
    .max(50_000)
    .default(10_000)
    .describe("The maximum number of files and empty folders in the archive."),
  maxBytes: z
    .int()
    .min(1)
    .default(4 * 2 ** 30)
    .describe("The maximum size of all files together, in bytes, before they are compressed."),
});

const Output = z.object({
  entries: z.int().describe("Number of files and empty folders in the archive."),
  bytes: z.int().describe("Size of the files before they were compressed, in bytes."),
  archiveBytes: z.int().describe("Size of the archive in bytes."),
  base64: z
    .string()
    .optional()
    .describe("The archive in base64. Missing if it was written to a file."),
  file: OutputLocation.optional().describe(
    "Path of the archive in the files folder, or a reference to it. Missing if it is returned as base64.",
  ),
});

export default definePlugin({
  name: "zip",
  version: "1.0.0",
  description:
    "Packs files and folders of the files folder, or texts, into a zip archive of any size. Writes a file or returns base64. `processedItems` counts entries of the archive.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: {
      texts: { "readme.txt": "Prices of week 7", "data/prices.csv": "sku,price\nA1,12.5\n" },
    },
    options: { level: 9 },
  },
  async run(input, ctx) {
    const { options, signal } = ctx;
    const target = await openTarget(options, ctx, {
      example: "archive.zip",
      type: "application/zip",
    });
    const entries = await listEntries(input, ctx.files, {
      ...options,
      outputPath: target?.path ?? null,
      signal,
    });
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const archive = await packEntries(entries, options.level, (packed, count) => {
      ctx.progress(bytes === 0 ? null : Math.min(1, packed / bytes), `${count} entries packed`);
      ctx.metrics.set("processedItems", count);
    });
    if (target === null) {
      const base64 = await toBase64(archive, signal);
      const archiveBytes = Buffer.byteLength(base64, "base64");
      return { entries: entries.length, bytes, archiveBytes, base64 };
    }
    await target.writeStream(archive, signal);
    const archiveBytes = await target.bytes();
    return { entries: entries.length, bytes, archiveBytes, ...target.written() };
  },
});
