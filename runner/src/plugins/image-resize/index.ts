import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { openTarget, OutputLocation, outputName } from "../shared/output-target.ts";
import { requireOneSource } from "../shared/one-source.ts";
import { fileSource } from "../shared/file-source.ts";
import { wantedFormat } from "./choose-format.ts";
import { FORMATS } from "./formats.ts";
import { DEFAULT_MAX_PIXELS, MAX_PIXELS_VARIABLE, pixelLimit } from "./limits.ts";
import { FITS } from "./plan-size.ts";
import { fieldOf, readImage } from "./read-image.ts";
import { resize } from "./resize.ts";

// npm does not install this library with the package. Without it, the catalog shows the plugin as broken.
import.meta.resolve("sharp");

const MAX_SIDE = 16_383;

const Input = z
  .object({
    base64: z
      .string()
      .nullish()
      .describe("The image in base64, with or without a prefix such as `data:image/png;base64,`."),
    file: fileSource(
      "Path of an image in the daemon's files folder, such as `in/photo.jpg`.",
    ).optional(),
    url: z
      .string()
      .optional()
      .describe(
        "An http or https URL to download the image from. The image can have up to 50 MiB.",
      ),
  })
  .superRefine(({ base64, file, url }, check) => requireOneSource({ base64, file, url }, check));

const side = z.int().min(1).max(MAX_SIDE).optional();

const Options = z.strictObject({
  width: side.describe("Width in pixels. If not set, it follows from the height."),
  height: side.describe("Height in pixels. If not set, it follows from the width."),
  fit: z
    .enum(FITS)
    .default("inside")
    .describe(
      "How the image fits when both width and height are set. `inside`: as large as possible within both. `cover`: fills both and crops the edges. `contain`: fits within both and adds bars, which are transparent, or white in JPEG. `fill`: stretches the image. `outside`: as small as possible while covering both.",
    ),
  format: z
    .enum(["same", ...FORMATS])
    .default("same")
    .describe(
      "The format of the result. `same`: the format that the name of `outputFile` or `outputName` ends in, otherwise the format of the original, or PNG if that format cannot be written. WebP and GIF keep an animation; the others get its first frame. PNG keeps 16 bits, AVIF 12.",
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
    .optional()
    .describe(
      `The maximum number of pixels of the image, and of the result, in all frames of an animation together. It is checked before the image is decoded. The operator's limit is the most: ${DEFAULT_MAX_PIXELS}, or the daemon's environment variable ${MAX_PIXELS_VARIABLE}.`,
    ),
  timeoutMs: z
    .int()
    .min(1)
    .max(3_600_000)
    .default(60_000)
    .describe(
      "The maximum time for resizing, in milliseconds, rounded up to whole seconds. The encoder of AVIF ends only with the job's own time limit.",
    ),
  outputFile: z
    .string()
    .optional()
    .describe(
      "Path in the files folder to write the result to, such as `out/small.webp`. Its ending must fit `format`. An existing file is replaced. If empty, the result is returned as base64.",
    ),
  outputName: outputName("small.webp"),
});

const Output = z.object({
  width: z.int().describe("Width of the result in pixels."),
  height: z.int().describe("Height of the result in pixels."),
  frames: z.int().describe("Number of frames of the result. 1 if it is not animated."),
  format: z.string().describe("Format of the result, such as `png`."),
  mimeType: z.string().describe("MIME type of the result, such as `image/png`."),
  bytes: z.int().describe("Size of the result in bytes."),
  original: z
    .object({
      width: z.int().describe("Width of one frame in pixels, after turning the image upright."),
      height: z.int().describe("Height of one frame in pixels, after turning the image upright."),
      frames: z.int().describe("Number of frames of an animation, or of pages of a document."),
      format: z.string().describe("Format, such as `jpeg`."),
      bytes: z.int().describe("Size in bytes."),
    })
    .describe("The original image."),
  note: z
    .string()
    .nullable()
    .describe("What the result lacks of the original, such as further frames. Null if nothing."),
  base64: z.string().nullable().describe("The result in base64. Null if it was written to a file."),
  file: OutputLocation.nullable().describe(
    "Path of the result in the files folder, or a reference to it. Null if it is returned as base64.",
  ),
});

export default definePlugin({
  name: "image-resize",
  version: "2.0.0",
  description:
    "Resizes an image and changes its format: JPEG, PNG, WebP, AVIF or GIF. Turns the image upright, keeps an animation and removes the metadata. Reads base64, a file or a URL, and returns base64 or writes a file. `processedItems` counts images and is always 1.",
  input: Input,
  options: Options,
  output: Output,
  env: [MAX_PIXELS_VARIABLE],
  example: {
    input: {
      base64:
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    },
    options: { width: 8, height: 8, withoutEnlargement: false, format: "webp" },
  },
  async run(input, ctx) {
    const { options } = ctx;
    const named = options.outputFile
      ? ({ field: "outputFile", name: options.outputFile } as const)
      : ({ field: "outputName", name: options.outputName || null } as const);
    const format = wantedFormat({ format: options.format, ...named });
    const limit = pixelLimit(options.maxPixels, process.env);
    const target = await openTarget(options, ctx, { example: "small.png", type: "image/png" });
    const bytes = await readImage(input, ctx);
    ctx.signal.throwIfAborted();
    ctx.progress(0.3, `${bytes.length} bytes read`);
    const { data, info, original, note } = await resize(bytes, {
      ...options,
      format,
      limit,
    }).catch((error: Error) => {
      throw new Error(`${fieldOf(input)}: ${error.message}`, { cause: error.cause });
    });
    ctx.signal.throwIfAborted();
    await target?.write(data, info.mimeType);
    if (note !== null) ctx.log.warn(note);
    ctx.metrics.add("processedItems", 1);
    const base64 = target === null ? data.toString("base64") : null;
    return { ...info, original, note, base64, file: null, ...target?.written() };
  },
});
