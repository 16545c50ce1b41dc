import type { Sharp, SharpOptions } from "sharp";
import { sameFormat } from "./choose-format.ts";
import { ABILITIES, type Format } from "./formats.ts";
import { inspect, toReadError, type Original } from "./inspect.ts";
import { checkOriginal, checkResult, type PixelLimit } from "./limits.ts";
import { loadSharp } from "./load-sharp.ts";
import { planSize, type SizeOptions } from "./plan-size.ts";

export interface ResizeOptions extends SizeOptions {
  /** Null for the original's format. */
  readonly format: Format | null;
  readonly quality: number;
  readonly keepMetadata: boolean;
  readonly limit: PixelLimit;
  readonly timeoutMs: number;
}

export interface Resized {
  readonly data: Buffer;
  readonly info: {
    width: number;
    height: number;
    frames: number;
    format: string;
    mimeType: string;
    bytes: number;
  };
  readonly original: Original;
  /** What the result lacks of the original. */
  readonly note: string | null;
}

const WHITE = "#ffffff";
const TRANSPARENT = { r: 0, g: 0, b: 0, alpha: 0 };
const OPEN = { failOn: "error" } satisfies SharpOptions;

/** Throws an Error if the image cannot be read, or if it or the result is too large. */
export async function resize(bytes: Buffer, options: ResizeOptions): Promise<Resized> {
  const original = await inspect(bytes, OPEN);
  const format = options.format ?? sameFormat(original.format);
  const animated = original.animated && ABILITIES[format].animated;
  const frames = animated ? original.frames : 1;
  checkOriginal({ ...original, animated }, options.limit);
  checkResult({ size: planSize(original, options), frames, format }, options.limit);
  const sharp = await loadSharp();
  const image = sharp(bytes, {
    ...OPEN,
    limitInputPixels: options.limit.pixels,
    ...(animated ? { animated } : { page: original.page }),
  });
  const { data, info } = await encode(transform(image, { ...options, format, animated }), {
    original,
    format,
    quality: options.quality,
  })
    .timeout({ seconds: Math.ceil(options.timeoutMs / 1000) })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw toResizeError(error, options.timeoutMs);
    });
  return {
    data,
    info: {
      width: info.width,
      height: info.pageHeight ?? info.height,
      frames,
      format,
      mimeType: `image/${format}`,
      bytes: data.length,
    },
    original,
    note: describeLoss(original, { format, frames }),
  };
}

function transform(image: Sharp, options: ResizeOptions & { readonly animated: boolean }): Sharp {
  const { width, height, fit, format, withoutEnlargement, animated } = options;
  const sized = (animated ? image : image.autoOrient()).resize({
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    // With one side only, `fill` would leave the other side as it is and stretch the image.
    fit: width === undefined || height === undefined ? "inside" : fit,
    withoutEnlargement,
    background: format === "jpeg" ? WHITE : TRANSPARENT,
  });
  return options.keepMetadata ? sized.keepMetadata() : sized;
}

function encode(
  image: Sharp,
  { original, format, quality }: { original: Original; format: Format; quality: number },
): Sharp {
  const { bits, grey } = ABILITIES[format];
  const deep = original.bits > 8 && bits > 8;
  const kept = original.grey && grey ? (deep ? "grey16" : "b-w") : deep ? "rgb16" : "srgb";
  const coloured = image.toColourspace(kept);
  switch (format) {
    case "jpeg":
      // JPEG has no transparency. Without flattening, transparent areas would be black.
      return coloured.flatten({ background: WHITE }).jpeg({ quality, mozjpeg: true });
    case "png":
      return coloured.png();
    case "webp":
      return coloured.webp({ quality });
    case "avif":
      return coloured.avif({ quality, bitdepth: deep ? (original.bits === 10 ? 10 : 12) : 8 });
    case "gif":
      return coloured.gif();
  }
}

function describeLoss(
  original: Original,
  { format, frames }: { format: Format; frames: number },
): string | null {
  if (frames < original.frames) {
    const reason = original.animated
      ? `because ${ABILITIES[format].label} is not animated here: choose webp or gif to keep all`
      : "because only one page or frame of this format is read";
    return `The original has ${original.frames} frames or pages. The result has only the first, ${reason}.`;
  }
  if (original.animated && original.orientation > 1) {
    return "The frames are not turned upright, because an animation cannot be turned.";
  }
  return null;
}

function toResizeError(error: unknown, timeoutMs: number): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith("timeout:")) {
    return new Error(
      `the image could not be resized within ${timeoutMs} ms: choose a smaller image or result, or raise the option timeoutMs`,
    );
  }
  return toReadError(error);
}
