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
      .describe("The image in base64, with or without a prefix such as `data:image/png;base64,`."),
    file: z
      .string()
      .optional()
      .describe("Path of an image in the daemon's files folder, such as `in/photo.jpg`."),
    url: z
      .string()
      .optional()
      .describe(
        "An http or https URL to download the image from. The image can have up to 50 MiB.",
      ),
  })
  .superRefine(({ base64, file, url }, check) => {
    const given = Object.entries({ base64, file, url }).filter(([, value]) => value);
    if (given.length === 1) return;
    const names = given.map(([name]) => name).join(" and ") || "none";
    check.addIssue(`exactly one of base64, file and url is required, but the input has ${names}`);
  });

const side = z.int().min(1).max(MAX_SIDE).optional();

const Options = z.strictObject({
  width: side.describe("Width in pixels. If not set, it follows from the height."),
  height: side.describe("Height in pixels. If not set, it follows from the width."),
  fit: z
    .enum(FITS)
    .default("inside")
    .describe(
      "How the image fits when both width and height are set. `inside`: as large as possible within both. `cover`: fills both and crops the edges. `contain`: fits within both and adds bars. `fill`: stretches the image. `outside`: as small as possible while covering both.",
    ),
  format: z
    .enum(["same", ...FORMATS])
    .default("same")
    .describe(
      "The format of the result. `same`: the format of the original, or PNG if that format cannot be written.",
    ),
  quality: z
    .int()
    .min(1)
    .max(100)
    .default(80)
    .describe("Quality of JPEG, WebP and AVIF. 100 gives the best quality and the largest file."),
  withoutEnlargement: z
    .boolean()
    .default(true)
    .describe("Whether to keep the size of an image that is smaller than the requested size."),
  keepMetadata: z
    .boolean()
    .default(false)
    .describe(
      "Whether to keep EXIF, XMP and the colour profile. `false` removes them, because they can contain the location.",
    ),
  maxPixels: z
    .int()
    .min(1)
    .max(500_000_000)
    .default(100_000_000)
    .describe(
      "The maximum number of pixels. Images with more pixels are refused before they are decoded.",
    ),
  outputFile: z
    .string()
    .optional()
    .describe(
      "Path in the files folder to write the result to. An existing file is replaced. If empty, the result is returned as base64.",
    ),
});

const Output = z.object({
  width: z.int().describe("Width of the result in pixels."),
  height: z.int().describe("Height of the result in pixels."),
  format: z.string().describe("Format of the result, such as `png`."),
  mimeType: z.string().describe("MIME type of the result, such as `image/png`."),
  bytes: z.int().describe("Size of the result in bytes."),
  original: z
    .object({
      width: z.int().describe("Width in pixels after turning the image upright."),
      height: z.int().describe("Height in pixels after turning the image upright."),
      format: z.string().describe("Format, such as `jpeg`."),
      bytes: z.int().describe("Size in bytes."),
    })
    .describe("The original image."),
  base64: z.string().nullable().describe("The result in base64. Null if it was written to a file."),
  file: z
    .string()
    .nullable()
    .describe("Path of the result in the files folder. Null if it is returned as base64."),
});

export default definePlugin({
  name: "image-resize",
  version: "1.0.0",
  description:
    "Resizes an image and changes its format: JPEG, PNG, WebP, AVIF or GIF. Turns the image upright and removes its metadata. Reads base64, a file or a URL, and returns base64 or writes a file. `processedItems` counts images and is always 1.",
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
