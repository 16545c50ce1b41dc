/** The formats that can be written, and what each can hold. */
export const FORMATS = ["jpeg", "png", "webp", "avif", "gif"] as const;
export type Format = (typeof FORMATS)[number];

interface Abilities {
  readonly label: string;
  readonly extensions: readonly string[];
  readonly animated: boolean;
  /** Bits of a colour channel. PNG has 8 or 16, AVIF 8, 10 or 12. */
  readonly bits: 8 | 12 | 16;
  /** Whether a grey image can stay one, with a single channel. */
  readonly grey: boolean;
  /** The longest side in pixels that the format or its encoder allows. */
  readonly maxSide: number;
}

export const ABILITIES: Readonly<Record<Format, Abilities>> = {
  jpeg: {
    label: "JPEG",
    extensions: ["jpg", "jpeg", "jpe", "jfif"],
    animated: false,
    bits: 8,
    grey: true,
    maxSide: 65_500,
  },
  png: {
    label: "PNG",
    extensions: ["png"],
    animated: false,
    bits: 16,
    grey: true,
    maxSide: 2 ** 31 - 1,
  },
  webp: {
    label: "WebP",
    extensions: ["webp"],
    animated: true,
    bits: 8,
    grey: false,
    maxSide: 16_383,
  },
  avif: {
    label: "AVIF",
    extensions: ["avif"],
    animated: false,
    bits: 12,
    grey: false,
    maxSide: 16_384,
  },
  gif: {
    label: "GIF",
    extensions: ["gif"],
    animated: true,
    bits: 8,
    grey: false,
    maxSide: 65_535,
  },
};

/** Endings of formats that are read, or are images at all, but are not written. */
const NOT_WRITTEN = new Set(
  "tif tiff svg svgz heic heif bmp dib ico jp2 jxl psd raw dng pdf apng tga eps".split(" "),
);

/** Returns the format that a file's name stands for, or null if its ending is no image's. */
export function formatOfName(name: string): Format | "not-written" | null {
  const ending = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const known = FORMATS.find((format) => ABILITIES[format].extensions.includes(ending));
  return known ?? (NOT_WRITTEN.has(ending) ? "not-written" : null);
}
