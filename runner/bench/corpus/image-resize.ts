/**
 * The score of image-resize. The picture has a colour in
 * each quarter, so that a wrong turn, a strip of frames or a lost channel shows. sharp writes it in
 * every format it can, and tools of Debian's packages in those that it cannot.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import imageResize from "../../src/plugins/image-resize/index.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { printScore, type Case } from "./score.ts";

const WIDTH = 80;
const HEIGHT = 40;
const QUARTERS = ["#e02020", "#20c040", "#2040e0", "#e0e0e0"];
const OUTPUTS = ["jpeg", "png", "webp", "avif", "gif"] as const;
/** JPEG, AVIF and GIF change colours a little. CMYK has no such green and blue. */
const TOLERANCE = 40;
const CMYK_TOLERANCE = 80;

interface Output {
  width: number;
  height: number;
  frames: number;
  original: { width: number; height: number; frames: number };
  note: string | null;
  base64: string;
}

/** The dot in the corner has another colour in each frame, because writers drop equal frames. */
function svg(dot = QUARTERS[0]): Buffer {
  const rects = QUARTERS.map(
    (fill, index) =>
      `<rect x="${(index % 2) * 40}" y="${index > 1 ? 20 : 0}" width="40" height="20" fill="${fill}"/>`,
  );
  const size = `width="${WIDTH}" height="${HEIGHT}"`;
  const shapes = `${rects.join("")}<rect width="4" height="4" fill="${dot}"/>`;
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${shapes}</svg>`);
}

const picture = (): Sharp => sharp(svg()).removeAlpha();

/** The steps that undo each orientation of EXIF. sharp mirrors before it turns, so each is its own. */
const UNDO: Readonly<Record<number, readonly ((image: Sharp) => Sharp)[]>> = {
  1: [],
  2: [(image) => image.flop()],
  3: [(image) => image.rotate(180)],
  4: [(image) => image.flip()],
  5: [(image) => image.rotate(90), (image) => image.flop()],
  6: [(image) => image.rotate(270)],
  7: [(image) => image.rotate(90), (image) => image.flip()],
  8: [(image) => image.rotate(90)],
};

/** A picture that looks upright when it is turned as the orientation says. */
async function turned(orientation: number): Promise<Sharp> {
  let stored = await picture().png().toBuffer();
  for (const step of UNDO[orientation]!) stored = await step(sharp(stored)).png().toBuffer();
  return sharp(stored).withMetadata({ orientation });
}

async function frames(count: number): Promise<Sharp> {
  const images = Array.from({ length: count }, (_, index) =>
    sharp(svg(`#${index}${index}f`))
      .removeAlpha()
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(images), { join: { animated: true } });
}

/** Runs a Debian tool on a PNG of the picture. */
async function convert(
  command: string,
  args: (from: string, to: string) => string[],
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "image-corpus-"));
  try {
    const [from, to] = [join(folder, "in.png"), join(folder, "out")];
    writeFileSync(from, await picture().png().toBuffer());
    execFileSync(command, args(from, to), { stdio: "ignore" });
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Source {
  readonly name: string;
  readonly bytes: () => Promise<Buffer>;
  readonly frames?: number;
  readonly animated?: boolean;
  readonly tolerance?: number;
}

const still: readonly Source[] = [
  { name: "JPEG", bytes: () => picture().jpeg().toBuffer() },
  { name: "JPEG, progressive", bytes: () => picture().jpeg({ progressive: true }).toBuffer() },
  {
    name: "JPEG, CMYK",
    bytes: () => picture().toColourspace("cmyk").jpeg().toBuffer(),
    tolerance: CMYK_TOLERANCE,
  },
  { name: "JPEG, Display P3", bytes: () => picture().withIccProfile("p3").jpeg().toBuffer() },
  { name: "PNG", bytes: () => picture().png().toBuffer() },
  { name: "PNG, palette", bytes: () => picture().png({ palette: true }).toBuffer() },
  { name: "PNG, interlaced", bytes: () => picture().png({ progressive: true }).toBuffer() },
  { name: "PNG, transparency", bytes: () => picture().ensureAlpha().png().toBuffer() },
  { name: "PNG, 16 bits", bytes: () => picture().toColourspace("rgb16").png().toBuffer() },
  { name: "WebP", bytes: () => picture().webp().toBuffer() },
  { name: "WebP, lossless", bytes: () => picture().webp({ lossless: true }).toBuffer() },
  { name: "AVIF", bytes: () => picture().avif().toBuffer() },
  { name: "AVIF, 12 bits", bytes: () => picture().avif({ bitdepth: 12 }).toBuffer() },
  { name: "GIF", bytes: () => picture().gif().toBuffer() },
  { name: "TIFF, LZW", bytes: () => picture().tiff({ compression: "lzw" }).toBuffer() },
  { name: "TIFF, JPEG", bytes: () => picture().tiff({ compression: "jpeg" }).toBuffer() },
  { name: "TIFF, tiles", bytes: () => picture().tiff({ tile: true, pyramid: true }).toBuffer() },
  { name: "TIFF, 16 bits", bytes: () => picture().toColourspace("rgb16").tiff().toBuffer() },
  { name: "SVG", bytes: () => Promise.resolve(svg()) },
];

const oriented = Object.keys(UNDO)
  .map(Number)
  .flatMap((orientation) =>
    (["jpeg", "webp", "tiff"] as const).map((format): Source => ({
      name: `${format}, orientation ${orientation}`,
      bytes: async () => (await turned(orientation))[format]().toBuffer(),
    })),
  );

const many: readonly Source[] = [
  { name: "GIF", bytes: async () => (await frames(5)).gif().toBuffer(), frames: 5, animated: true },
  {
    name: "WebP",
    bytes: async () => (await frames(5)).webp().toBuffer(),
    frames: 5,
    animated: true,
  },
  { name: "TIFF", bytes: async () => (await frames(5)).tiff().toBuffer(), frames: 5 },
];

function toCases(group: string, sources: readonly Source[]): Case[] {
  return sources.flatMap((source) =>
    OUTPUTS.map((format) => ({
      group,
      name: `${source.name} to ${format}`,
      run: () => check(source, format),
    })),
  );
}

async function check(source: Source, format: (typeof OUTPUTS)[number]): Promise<string | null> {
  const base64 = (await source.bytes()).toString("base64");
  const options = { width: WIDTH / 2, format };
  const { output } = await runPlugin(imageResize, { input: { base64 }, options });
  const result = output as Output;
  const { frames: count = 1 } = source;
  const kept = source.animated && (format === "webp" || format === "gif") ? count : 1;
  const expected = { width: 40, height: 20, frames: kept, of: [WIDTH, HEIGHT, count].join("×") };
  const { width, height, original } = result;
  const found = {
    width,
    height,
    frames: result.frames,
    of: [original.width, original.height, original.frames].join("×"),
  };
  if (JSON.stringify(found) !== JSON.stringify(expected)) return JSON.stringify(found);
  if ((result.note === null) !== (kept === count)) return `the note is ${String(result.note)}`;
  const image = Buffer.from(result.base64, "base64");
  const { pages = 1 } = await sharp(image).metadata();
  if (pages !== kept) return `has ${pages} frames`;
  return compareColours(image, pages - 1, source.tolerance ?? TOLERANCE);
}

async function compareColours(
  image: Buffer,
  page: number,
  tolerance: number,
): Promise<string | null> {
  const opaque = sharp(image, { page }).toColourspace("srgb").removeAlpha();
  const pixels = await opaque.raw({ depth: "uchar" }).toBuffer();
  for (const [index, colour] of QUARTERS.entries()) {
    const at = (index > 1 ? 15 : 5) * 40 + (index % 2 === 0 ? 10 : 30);
    const found = [...pixels.subarray(at * 3, at * 3 + 3)];
    const wanted = [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
    if (found.some((value, channel) => Math.abs(value - wanted[channel]!) > tolerance)) {
      return `quarter ${index + 1} is ${found.join(", ")} instead of ${wanted.join(", ")}`;
    }
  }
  return null;
}

/** Formats that only tools of Debian's packages write, with what the plugin must say. */
const TOOLS = [
  {
    name: "HEIC of heif-enc (libheif-examples)",
    tool: "/usr/bin/heif-enc",
    args: (from: string, to: string) => ["-o", to, from],
    says: /HEIC photo with HEVC/,
  },
  {
    name: "BMP of ImageMagick (imagemagick)",
    tool: "/usr/bin/convert",
    args: (from: string, to: string) => [from, `bmp:${to}`],
    says: /not an image in a known format/,
  },
  {
    name: "APNG of FFmpeg (ffmpeg)",
    tool: "/usr/bin/ffmpeg",
    args: (from: string, to: string) => [
      "-loop",
      "1",
      "-i",
      from,
      "-frames",
      "3",
      "-f",
      "apng",
      to,
    ],
    says: /"frames":3.*has 3 frames or pages/,
  },
];

const tools = TOOLS.map(({ name, tool, args, says }): Case => ({
  group: "Debian's tools",
  name,
  async run() {
    const base64 = (await convert(tool, args)).toString("base64");
    const said = await runPlugin(imageResize, { input: { base64 } }).then(
      ({ output }) => JSON.stringify(output),
      String,
    );
    return says.test(said) ? null : `says ${said.slice(0, 200)}`;
  },
  ...(existsSync(tool) ? {} : { skip: `${tool} is not installed` }),
}));

await printScore("image-resize", [
  ...toCases("formats", still),
  ...toCases("orientations", oriented),
  ...toCases("frames and pages", many),
  ...tools,
]);
