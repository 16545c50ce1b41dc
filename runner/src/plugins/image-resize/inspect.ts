/** Reads an image's header. No pixel is decoded. */
import type { Metadata, SharpOptions } from "sharp";
import { loadSharp } from "./load-sharp.ts";

export interface Original {
  /** Of one frame, upright. */
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly bytes: number;
  /** Frames of an animation, or pages of a document. */
  readonly frames: number;
  /** Whether the frames are an animation that can be read. Otherwise only one frame is read. */
  readonly animated: boolean;
  readonly grey: boolean;
  /** Bits of a colour channel. */
  readonly bits: number;
  /** How the image is turned, as in EXIF: 1 is upright. */
  readonly orientation: number;
  /** The page to read, counted from 0: a HEIF file can have its main image elsewhere than first. */
  readonly page: number;
}

/** The number of a TIFF's field, and a value of it. */
const COMPRESSION = 259;
const OLD_JPEG = 6;

const KNOWN = "JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG";

/** Throws an Error if the bytes are empty, not an image that can be read, or damaged. */
export async function inspect(bytes: Buffer, open: SharpOptions = {}): Promise<Original> {
  if (bytes.length === 0) throw new Error("the image is empty (0 bytes)");
  const sharp = await loadSharp();
  // The header of an image of any size can be read. The caller compares the size with its limit.
  const image = sharp(bytes, { ...open, limitInputPixels: false });
  const found = await image.metadata().catch((error: unknown) => {
    if (isHevc(bytes)) throw hevcError(error);
    throw toReadError(error);
  });
  if (found.compression === "hevc") throw hevcError();
  if (found.format === "tiff" && hasOldJpeg(bytes)) {
    throw new Error(
      "the image is a TIFF with JPEG compression of the old kind (6), which cannot be read: save it as TIFF with another compression first",
    );
  }
  const { width, height } = found.autoOrient;
  const { pages = 1, orientation = 1 } = found;
  const animated = pages > 1 && (found.format === "gif" || found.format === "webp");
  return {
    // Frames of an animation cannot be turned.
    width: animated ? found.width : width,
    height: animated ? found.height : height,
    format: found.format,
    bytes: bytes.length,
    frames: Math.max(pages, framesOfPng(bytes)),
    animated,
    grey: found.space === "b-w" || found.space === "grey16",
    bits: bitsOf(found),
    orientation,
    page: found.pagePrimary ?? 0,
  };
}

function bitsOf({ depth, bitsPerSample = 8 }: Metadata): number {
  return depth === "ushort" ? bitsPerSample : 8;
}

/** An animated PNG has the chunk acTL with the number of frames before its pixels. */
function framesOfPng(bytes: Buffer): number {
  if (bytes.readUInt8(0) !== 0x89) return 1;
  const pixels = bytes.indexOf("IDAT");
  const at = bytes.subarray(0, pixels === -1 ? undefined : pixels).indexOf("acTL");
  return at === -1 || at + 8 > bytes.length ? 1 : bytes.readUInt32BE(at + 4);
}

/** libvips leaves tiles of this compression empty, without an error. */
function hasOldJpeg(bytes: Buffer): boolean {
  const isLittle = bytes.readUInt8(0) === 0x49;
  const short = (at: number): number =>
    isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  if (short(2) !== 42) return false;
  const first = isLittle ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  for (let at = first + 2; at < first + 2 + 12 * short(first); at += 12) {
    if (short(at) === COMPRESSION) return short(at + 8) === OLD_JPEG;
  }
  return false;
}

/** The brands of HEIF files whose image is HEVC (ISO/IEC 23008-12, annex B). */
function isHevc(bytes: Buffer): boolean {
  if (bytes.toString("latin1", 4, 8) !== "ftyp") return false;
  return /hei[cxms]|hev[cxms]/.test(
    bytes.toString("latin1", 8, Math.min(64, bytes.readUInt32BE(0))),
  );
}

function hevcError(cause?: unknown): Error {
  return new Error(
    "the image is a HEIC photo with HEVC compression, which cannot be read because HEVC is patented: save it as JPEG first (iPhone: Settings, Camera, Formats, Most Compatible)",
    { cause },
  );
}

/** Describes an error of the image library about the original. */
export function toReadError(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("unsupported image format")) {
    return new Error(`the data is not an image in a known format (${KNOWN})`);
  }
  return new Error(`the image cannot be read: ${shorten(message)}`);
}

/** libvips repeats a line for each row or seek that failed. */
function shorten(message: string): string {
  const all = [...new Set(message.split("\n"))].filter(Boolean);
  const reasons = all.filter((line) => !line.includes("bad seek"));
  const lines = reasons.length > 0 ? reasons : all;
  return lines.slice(0, 3).join("; ").slice(0, 300);
}
