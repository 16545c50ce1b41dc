import type { Sharp } from "sharp";

export const FORMATS = ["jpeg", "png", "webp", "avif", "gif"] as const;
export type Format = (typeof FORMATS)[number];
export const FITS = ["inside", "cover", "contain", "fill", "outside"] as const;

interface ResizeOptions {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly fit: (typeof FITS)[number];
  readonly format: "same" | Format;
  readonly quality: number;
  readonly withoutEnlargement: boolean;
  readonly keepMetadata: boolean;
  readonly maxPixels: number;
}

export interface Resized {
  readonly data: Buffer;
  readonly info: {
    width: number;
    height: number;
    format: string;
    mimeType: string;
    bytes: number;
  };
  readonly original: { width: number; height: number; format: string; bytes: number };
}

/** Throws an Error if the bytes are empty, not an image or damaged, or have too many pixels. */
export async function resize(bytes: Buffer, options: ResizeOptions): Promise<Resized> {
  if (bytes.length === 0) throw new Error("the image is empty (0 bytes)");
  const image = await openImage(bytes, options.maxPixels);
  const { autoOrient, format: found, pages = 1 } = await image.metadata().catch(asImageError);
  const { width, height } = autoOrient;
  if (width * height * pages > options.maxPixels) {
    const frames = pages > 1 ? ` in ${pages} frames` : "";
    throw new Error(
      `the image has ${width} × ${height} pixels${frames}: it must have at most ${options.maxPixels} (option maxPixels)`,
    );
  }
  const format = options.format === "same" ? toWritable(found) : options.format;
  const sized = image.autoOrient().resize({
    ...(options.width === undefined ? {} : { width: options.width }),
    ...(options.height === undefined ? {} : { height: options.height }),
    fit: options.fit,
    withoutEnlargement: options.withoutEnlargement,
  });
  const kept = options.keepMetadata ? sized.keepMetadata() : sized;
  const { data, info } = await encode(kept, format, options.quality)
    .toBuffer({ resolveWithObject: true })
    .catch(asImageError);
  return {
    data,
    info: {
      width: info.width,
      height: info.pageHeight ?? info.height,
      format,
      mimeType: `image/${format}`,
      bytes: data.length,
    },
    original: { width, height, format: found, bytes: bytes.length },
  };
}

async function openImage(bytes: Buffer, maxPixels: number): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  // The plugin pool already has one thread per core. A cache would outlive the job.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp(bytes, { limitInputPixels: maxPixels, failOn: "error", animated: true });
}

/** Formats that sharp can only read, or writes only for print, become PNG. */
function toWritable(format: string): Format {
  if (format === "heif") return "avif";
  return FORMATS.find((known) => known === format) ?? "png";
}

function encode(image: Sharp, format: Format, quality: number): Sharp {
  switch (format) {
    case "jpeg":
      // JPEG has no transparency. Without flattening, transparent areas would be black.
      return image.flatten({ background: "#ffffff" }).jpeg({ quality, mozjpeg: true });
    case "png":
      return image.png();
    case "webp":
      return image.webp({ quality });
    case "avif":
      return image.avif({ quality });
    case "gif":
      return image.gif();
  }
}

function asImageError(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("unsupported image format")) {
    throw new Error(
      "the data is not an image in a known format (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG)",
      {
        cause: error,
      },
    );
  }
  if (message.includes("exceeds pixel limit")) {
    throw new Error("the image has more pixels than the option maxPixels allows", { cause: error });
  }
  throw new Error(`the image cannot be read: ${message}`, { cause: error });
}
