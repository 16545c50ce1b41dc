import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { requireOneSource } from "../shared/one-source.ts";
import { fileSource } from "../shared/file-source.ts";
import { openArchive } from "./open-archive.ts";
import { readEntries } from "./read-entries.ts";
import { unpack } from "./unpack.ts";

const Input = z
  .object({
    file: fileSource(
      "Path of a zip archive in the daemon's files folder, such as `in/reports.zip`.",
    ).optional(),
    base64: z.string().optional().describe("The archive in base64."),
  })
  .superRefine(({ file, base64 }, check) => requireOneSource({ file, base64 }, check));

const Options = z.strictObject({
  outputFolder: z
    .string()
    .optional()
    .describe(
      "Folder in the files folder to unpack into, such as `out/reports`. It is created if it does not exist. If empty, the entries are listed and checked, but not unpacked.",
    ),
  only: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Patterns for the names to unpack or list, such as `*.csv` or `data/**`. `*` does not match a slash. All are unpacked if the list is empty.",
    ),
  existing: z
    .enum(["refuse", "replace"])
    .default("refuse")
    .describe("What happens if a file exists already: the job fails, or the file is replaced."),
  nameEncoding: z
    .string()
    .min(1)
    .max(40)
    .default("auto")
    .describe(
      "The encoding of names that are not marked as UTF-8, such as `shift_jis` or `cp850`. `auto`: UTF-8 if the bytes are valid UTF-8, otherwise `cp437`, which the format prescribes.",
    ),
  maxEntries: z
    .int()
    .min(1)
    .max(100_000)
    .default(10_000)
    .describe("The maximum number of entries in the archive, also of those that are not unpacked."),
  maxBytes: z
    .int()
    .min(1)
    .default(4 * 2 ** 30)
    .describe("The maximum size of all unpacked files together, in bytes."),
  maxRatio: z
    .number()
    .min(1)
    .default(250)
    .describe(
      "How many times larger than its packed data a file over 1 MiB can be. Text is often 10 times larger, a decompression bomb about 1,000 times.",
    ),
  listEntries: z
    .int()
    .min(0)
    .max(10_000)
    .default(1_000)
    .describe("How many of the files to list. All are counted."),
});

const Output = z.object({
  entries: z.int().describe("Number of entries in the archive, including folders."),
  files: z.int().describe("Number of files that were unpacked, or would be."),
  bytes: z.int().describe("Size of these files in bytes."),
  archiveBytes: z.int().describe("Size of the archive in bytes."),
  folder: z
    .string()
    .nullable()
    .describe("The folder that the files were unpacked into. Null if they were only listed."),
  file: z
    .string()
    .nullable()
    .describe(
      "Path of the unpacked file in the files folder, for the next plugin. Null if there is not exactly one.",
    ),
  listed: z
    .array(
      z.object({
        name: z.string().describe("Name in the archive."),
        file: z
          .string()
          .nullable()
          .describe("Path in the files folder. Null if the file was not unpacked."),
        bytes: z.int().describe("Size of the file in bytes."),
        packedBytes: z.int().describe("Size of its data in the archive, in bytes."),
        modifiedAt: z
          .string()
          .nullable()
          .describe("When the file was changed. Null if the archive has no valid date."),
      }),
    )
    .describe("The first files in the order of the archive, up to the option `listEntries`."),
});

export default definePlugin({
  name: "unzip",
  version: "1.0.0",
  description:
    "Unpacks a zip archive of any size into the files folder, or lists what it contains. Refuses names that lead out of the folder, links, encrypted entries and decompression bombs before it writes anything. `processedItems` counts files.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: {
      base64:
        "UEsDBBQAAAgIAABgIVzw0eikGgAAABgAAAAKAAAAcHJpY2VzLmNzdivOLtUpKMpMTuVyNNQxNNIz5XI00jE24AIAUEsBAhQDFAAACAgAAGAhXPDR6KQaAAAAGAAAAAoAAAAAAAAAAAAAAAAAAAAAAHByaWNlcy5jc3ZQSwUGAAAAAAEAAQA4AAAAQgAAAAAA",
    },
    options: { only: ["*.csv"] },
  },
  async run(input, ctx) {
    const { options, signal } = ctx;
    const folder = options.outputFolder || null;
    const archive = await openArchive(input, ctx.files);
    try {
      const { entries, total } = await readEntries(archive, options);
      const wanted = entries.filter(({ isFolder }) => !isFolder);
      const bytes = wanted.reduce((sum, entry) => sum + entry.bytes, 0);
      if (folder === null) {
        ctx.metrics.add("processedItems", wanted.length);
      } else {
        await unpack(archive, entries, {
          folder,
          files: ctx.files,
          existing: options.existing,
          signal,
          onFile(unpacked, count) {
            ctx.metrics.set("processedItems", count);
            ctx.progress(Math.min(1, unpacked / Math.max(1, bytes)), `${count} files unpacked`);
          },
        });
      }
      const listed = wanted.slice(0, options.listEntries).map((entry) => ({
        name: entry.name,
        file: folder === null ? null : pathIn(folder, entry.name),
        bytes: entry.bytes,
        packedBytes: entry.packedBytes,
        modifiedAt: entry.modifiedAt?.toISOString() ?? null,
      }));
      return {
        entries: total,
        files: wanted.length,
        bytes,
        archiveBytes: archive.bytes,
        folder,
        file: folder !== null && wanted.length === 1 ? pathIn(folder, wanted[0]!.name) : null,
        listed,
      };
    } finally {
      archive.zip.close();
    }
  },
});

function pathIn(folder: string, name: string): string {
  return `${folder.replace(/\/+$/, "")}/${name}`;
}
