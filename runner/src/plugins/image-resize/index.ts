import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { readImage } from "./read-image.ts";
import { FITS, FORMATS, resize } from "./resize.ts";
import { writeImage } from "./write-image.ts";

const MAX_SIDE = 16_383;

const Input = z
  .object({
    base64: z
      .string()
      .optional()
      .describe("The image in base64, with or without `data:image/png;base64,` before it."),
    file: z
      .string()
      .optional()
      .describe("An image in the daemon's files folder, such as `in/photo.jpg`."),
    url: z.string().optional().describe("Where to download the image from, at most 50 MiB."),
  })
  .superRefine(({ base64, file, url }, check) => {
    const given = Object.entries({ base64, file, url }).filter(([, value]) => value);
    if (given.length === 1) return;
    const names = given.map(([name]) => name).join(" and ") || "none";
    check.addIssue(`give exactly one of base64, file and url; given: ${names}`);
  });

const side = z.int().min(1).max(MAX_SIDE).optional();

const Options = z.strictObject({
  width: side.describe("In pixels. Without it the width follows from the height."),
  height: side.describe("In pixels. Without it the height follows from the width."),
  fit: z
    .enum(FITS)
    .default("inside")
    .describe(
      "When both sides are given. `inside`: as large as fits into them. `cover`: fills them, cut at the edges. `contain`: fits into them, with bars. `fill`: stretched. `outside`: as small as covers them.",
    ),
  format: z
    .enum(["same", ...FORMATS])
    .default("same")
    .describe("The format of the result. `same`: as it came; PNG for what can only be read."),
  quality: z
    .int()
    .min(1)
    .max(100)
    .default(80)
    .describe("For JPEG, WebP and AVIF: 100 is the best and largest."),
  withoutEnlargement: z
    .boolean()
    .default(true)
    .describe("Leave an image that is smaller than asked at its size."),
  keepMetadata: z
    .boolean()
    .default(false)
    .describe("Keep EXIF, XMP and the colour profile. False removes them: they can tell a place."),
  maxPixels: z
    .int()
    .min(1)
    .max(500_000_000)
    .default(100_000_000)
    .describe("Images with more pixels than this are refused before they are unpacked."),
  outputFile: z
    .string()
    .optional()
    .describe(
      "Write the result to this path in the files folder, over what is there. Empty: it is given as base64.",
    ),
});

const Output = z.object({
  width: z.int().describe("Of the result, in pixels."),
  height: z.int().describe("Of the result, in pixels."),
  format: z.string().describe("Of the result, such as `png`."),
  mimeType: z.string().describe("Of the result, such as `image/png`."),
  bytes: z.int().describe("The result's size in bytes."),
  original: z
    .object({
      width: z.int().describe("As it is seen, turned upright."),
      height: z.int().describe("As it is seen, turned upright."),
      format: z.string().describe("Such as `jpeg`."),
      bytes: z.int().describe("Its size in bytes."),
    })
    .describe("What came in."),
  base64: z.string().nullable().describe("The result; null when it was written to a file."),
  file: z
    .string()
    .nullable()
    .describe("The path within the files folder; null when it is given as base64."),
});

export default definePlugin({
  name: "image-resize",
  version: "1.0.0",
  description:
    "Resizes an image and changes its format: JPEG, PNG, WebP, AVIF, GIF. Takes and gives base64 or a file, turns it upright, and removes its metadata. `processedItems` counts images: 1.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: {
      base64:
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    },
    options: { width: 8, height: 8, withoutEnlargement: false, format: "webp" },
  },
  async run(input, ctx) {
    const bytes = await readImage(input, ctx);
    ctx.signal.throwIfAborted();
    ctx.progress(0.3, `${bytes.length} bytes read`);
    const { data, info, original } = await resize(bytes, ctx.options);
    ctx.signal.throwIfAborted();
    const file = ctx.options.outputFile || null;
    if (file) await writeImage(ctx.files.resolve(file), data);
    ctx.metrics.add("processedItems", 1);
    return { ...info, original, base64: file ? null : data.toString("base64"), file };
  },
});
