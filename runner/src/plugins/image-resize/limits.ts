/** What the operator and the job allow, and what the formats can hold. */
import { ABILITIES, type Format } from "./formats.ts";
import type { Original } from "./inspect.ts";
import type { Size } from "./plan-size.ts";

/** The operator's setting. It does not begin with PLAYGROUND_, because plugins do not see those. */
export const MAX_PIXELS_VARIABLE = "IMAGE_RESIZE_MAX_PIXELS";
export const DEFAULT_MAX_PIXELS = 100_000_000;

export interface PixelLimit {
  readonly pixels: number;
  /** Where the limit can be changed. */
  readonly setBy: string;
}

/** The lower one of the operator's limit and the job's. Throws if the operator's is not a number. */
export function pixelLimit(option: number | undefined, env: NodeJS.ProcessEnv): PixelLimit {
  const written = env[MAX_PIXELS_VARIABLE] || String(DEFAULT_MAX_PIXELS);
  const allowed = Number(written);
  if (!Number.isSafeInteger(allowed) || allowed < 1) {
    throw new Error(
      `the daemon's environment variable ${MAX_PIXELS_VARIABLE} is ${JSON.stringify(written)}: it must be a whole number of pixels, such as ${DEFAULT_MAX_PIXELS}`,
    );
  }
  return option !== undefined && option < allowed
    ? { pixels: option, setBy: "option maxPixels" }
    : { pixels: allowed, setBy: `the operator's limit, ${MAX_PIXELS_VARIABLE}` };
}

export function checkOriginal(original: Original, limit: PixelLimit): void {
  // Of an image that is not animated, only one frame is decoded.
  const frames = original.animated ? original.frames : 1;
  checkPixels({ what: "the image has", size: original, frames, limit });
}

export function checkResult(
  result: { readonly size: Size; readonly frames: number; readonly format: Format },
  limit: PixelLimit,
): void {
  const { size, frames, format } = result;
  checkPixels({ what: "the result would have", size, frames, limit });
  const { label, maxSide } = ABILITIES[format];
  if (Math.max(size.width, size.height) > maxSide) {
    throw new Error(
      `the result would have ${size.width} × ${size.height} pixels: ${label} has at most ${maxSide} on each side. Set a smaller width or height, or another format`,
    );
  }
}

function checkPixels(check: {
  readonly what: string;
  readonly size: Size;
  readonly frames: number;
  readonly limit: PixelLimit;
}): void {
  const { what, size, frames, limit } = check;
  const pixels = size.width * size.height * frames;
  if (pixels <= limit.pixels) return;
  const times = frames > 1 ? ` in ${frames} frames` : "";
  throw new Error(
    `${what} ${size.width} × ${size.height} pixels${times}, together ${pixels}: it must have at most ${limit.pixels} (${limit.setBy})`,
  );
}
