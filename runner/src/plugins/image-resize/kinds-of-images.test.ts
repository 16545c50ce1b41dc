/** Animations, documents, depths and paddings, all drawn by sharp. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import plugin from "./index.ts";

interface Result {
  width: number;
  height: number;
  frames: number;
  format: string;
  original: { width: number; height: number; frames: number; format: string };
  note: string | null;
  base64: string | null;
  file: string | null;
}

async function resize(bytes: Buffer, options: object = {}): Promise<Result> {
  const input = { base64: bytes.toString("base64") };
  return (await runPlugin(plugin, { input, options })).output as Result;
}

const decode = (result: Result): Buffer => Buffer.from(result.base64!, "base64");

/** Frames of 40 × 20, each of another colour. */
async function frames(count: number, size = { width: 40, height: 20 }): Promise<Sharp> {
  const colours = Array.from({ length: count }, (_, index) => ({
    r: (index * 40) % 256,
    g: 90,
    b: 10,
  }));
  const images = colours.map((background) =>
    sharp({ create: { ...size, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(images), { join: { animated: true } });
}

async function colourAt(image: Buffer, x: number, y: number, page = 0): Promise<number[]> {
  const region = { left: x, top: y, width: 1, height: 1 };
  return [...(await sharp(image, { page }).ensureAlpha().extract(region).raw().toBuffer())];
}

describe("an animation", () => {
  const delay = [100, 250, 400];

  test.each([
    ["gif", "same"],
    ["gif", "webp"],
    ["webp", "same"],
    ["webp", "gif"],
  ] as const)("of %s stays one as %s, with its delays and loops", async (from, format) => {
    const image = await (await frames(3))[from]({ delay, loop: 2 }).toBuffer();
    const result = await resize(image, { width: 20, format });
    expect(result).toMatchObject({
      width: 20,
      height: 10,
      frames: 3,
      original: { width: 40, height: 20, frames: 3 },
      note: null,
    });
    const after = await sharp(decode(result)).metadata();
    expect(after).toMatchObject({ width: 20, height: 10, pages: 3, delay, loop: 2 });
    expect((await colourAt(decode(result), 5, 5, 2))[0]).toBeGreaterThan(60);
  });

  test.each(["jpeg", "png", "avif"])(
    "becomes its first frame as %s, with a note",
    async (format) => {
      const image = await (await frames(4)).gif().toBuffer();
      const result = await resize(image, { width: 20, format });
      expect(result).toMatchObject({ width: 20, height: 10, frames: 1, original: { frames: 4 } });
      expect(result.note).toMatch(/has 4 frames or pages.* only the first.*choose webp or gif/);
      expect((await sharp(decode(result)).metadata()).height).toBe(10);
      expect((await colourAt(decode(result), 5, 5))[0]).toBeLessThan(30);
    },
  );

  test("counts the pixels of all its frames once", async () => {
    const image = await (await frames(40, { width: 320, height: 240 })).gif().toBuffer();
    expect(await resize(image, { width: 32 })).toMatchObject({ height: 24, frames: 40 });
    await expect(resize(image, { maxPixels: 3_000_000 })).rejects.toThrow(
      "the image has 320 × 240 pixels in 40 frames, together 3072000: it must have at most 3000000 (option maxPixels)",
    );
    // Only one frame is decoded for a format without animations.
    expect(await resize(image, { maxPixels: 3_000_000, format: "png" })).toMatchObject({
      frames: 1,
    });
  });

  test("with an orientation is not turned, and a note says so", async () => {
    const image = await (await frames(2)).withMetadata({ orientation: 6 }).webp().toBuffer();
    const result = await resize(image, { width: 20 });
    expect(result).toMatchObject({ width: 20, height: 10, frames: 2 });
    expect(result.note).toContain("not turned upright");
    expect(await resize(image, { width: 10, format: "png" })).toMatchObject({ height: 20 });
  });

  test("as PNG gives its first frame and a note", async () => {
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const at = png.indexOf("IDAT") - 4;
    const animated = Buffer.concat([png.subarray(0, at), actl(3), png.subarray(at)]);
    const result = await resize(animated);
    expect(result).toMatchObject({ frames: 1, original: { frames: 3 } });
    expect(result.note).toContain("has 3 frames or pages");
  });
});

/** The chunk that makes a PNG an animation. Its checksum is not read, because the chunk is optional. */
function actl(count: number): Buffer {
  const chunk = Buffer.alloc(20);
  chunk.writeUInt32BE(8, 0);
  chunk.write("acTL", 4, "latin1");
  chunk.writeUInt32BE(count, 8);
  return chunk;
}

describe("a TIFF with pages", () => {
  test("becomes its first page, with a note", async () => {
    const image = await (await frames(3)).tiff().toBuffer();
    const result = await resize(image, { width: 20 });
    expect(result).toMatchObject({
      width: 20,
      height: 10,
      format: "png",
      original: { width: 40, height: 20, frames: 3, format: "tiff" },
    });
    expect(result.note).toMatch(/has 3 frames or pages.*only one page/);
  });

  test("of different sizes becomes its first page too", async () => {
    const first = await tiff(30, 10);
    const second = await tiff(8, 50);
    expect(await resize(joinTiffs(first, second))).toMatchObject({
      width: 30,
      height: 10,
      original: { frames: 2 },
    });
  });
});

function tiff(width: number, height: number): Promise<Buffer> {
  const image = sharp({ create: { width, height, channels: 3, background: "blue" } });
  return image.tiff({ compression: "none" }).toBuffer();
}

/** Puts the second TIFF behind the first, moves its offsets, and links its page to the first. */
function joinTiffs(first: Buffer, second: Buffer): Buffer {
  const joined = Buffer.concat([first, second]);
  const linkOf = (start: number): number => {
    const page = start + joined.readUInt32LE(start + 4);
    return page + 2 + joined.readUInt16LE(page) * 12;
  };
  const page = first.length + second.readUInt32LE(4);
  const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];
  for (let at = page + 2; at < linkOf(first.length); at += 12) {
    const [tag, type, count] = [0, 2, 4].map((step) =>
      step === 4 ? joined.readUInt32LE(at + step) : joined.readUInt16LE(at + step),
    ) as [number, number, number];
    const isOffset = SIZES[type]! * count > 4;
    if (isOffset) joined.writeUInt32LE(joined.readUInt32LE(at + 8) + first.length, at + 8);
    // The offsets of the strips are offsets themselves.
    if (tag !== 273) continue;
    const list = isOffset ? joined.readUInt32LE(at + 8) : at + 8;
    for (let strip = list; strip < list + 4 * count; strip += 4) {
      joined.writeUInt32LE(joined.readUInt32LE(strip) + first.length, strip);
    }
  }
  joined.writeUInt32LE(page, linkOf(0));
  return joined;
}

test("a TIFF whose tiles the library would leave empty is refused", async () => {
  const image = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
    .tiff({ compression: "jpeg", tile: true, tileWidth: 64, tileHeight: 64 })
    .toBuffer();
  const field = Buffer.from([3, 1, 3, 0, 1, 0, 0, 0, 7]);
  image[image.indexOf(field) + 8] = 6;
  await expect(resize(image)).rejects.toThrow(/JPEG compression of the old kind/);
});

describe("HEIC", () => {
  test("is refused with a sentence that says what to do", async () => {
    const avif = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
      .avif()
      .toBuffer();
    const heic = Buffer.from(
      avif
        .toString("latin1")
        .replaceAll("avif", "heic")
        .replaceAll("av01", "hvc1")
        .replaceAll("av1C", "hvcC"),
      "latin1",
    );
    await expect(resize(heic)).rejects.toThrow(/HEIC photo with HEVC.*save it as JPEG first/);
    expect(await resize(avif)).toMatchObject({ format: "avif" });
  });

  test("of another compression is an error with its name", async () => {
    const avif = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
      .avif()
      .toBuffer();
    const text = avif.toString("latin1").replaceAll("avif", "mif1").replaceAll("av01", "unci");
    const error = await resize(Buffer.from(text, "latin1")).catch(String);
    expect(error).toMatch(/unci/);
    expect(error).not.toMatch(/bad seek/);
  });
});

describe("16 bits", () => {
  test.each([
    [1, "grey16", "png", 16],
    [3, "rgb16", "png", 16],
    [4, "rgb16", "png", 16],
    [3, "rgb16", "avif", 12],
    [3, "rgb16", "webp", 8],
    [3, "rgb16", "jpeg", 8],
  ] as const)("of %i channels in %s are as %s %i bits", async (channels, space, format, bits) => {
    const values = new Uint16Array(32 * 32 * channels).map((_, index) => (index * 37) % 65_536);
    const image = await sharp(values, { raw: { width: 32, height: 32, channels } })
      .toColourspace(space)
      .png()
      .toBuffer();
    const after = await sharp(decode(await resize(image, { format }))).metadata();
    expect(after.bitsPerSample ?? 8).toBe(bits);
  });

  test("keep their values", async () => {
    const values = new Uint16Array(64).map((_, index) => index * 1000 + 7);
    const raw = { raw: { width: 8, height: 8, channels: 1 as const } };
    const image = await sharp(values, raw).toColourspace("grey16").png().toBuffer();
    const after = sharp(decode(await resize(image))).toColourspace("grey16");
    const pixels = await after.raw({ depth: "ushort" }).toBuffer();
    expect(new Uint16Array(pixels.buffer, pixels.byteOffset, 64)).toEqual(values);
  });

  test("a grey image stays grey with 8 bits", async () => {
    const grey = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#777" } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const after = await sharp(decode(await resize(grey))).metadata();
    expect(after).toMatchObject({ space: "b-w", channels: 1, depth: "uchar" });
  });
});

describe("the bars of contain", () => {
  const box = { width: 60, height: 60, fit: "contain", withoutEnlargement: false };

  test.each(["png", "webp", "avif", "gif"])("are transparent in %s", async (format) => {
    for (const channels of [3, 4] as const) {
      const image = await sharp({ create: { width: 100, height: 50, channels, background: "red" } })
        .png()
        .toBuffer();
      const result = decode(await resize(image, { ...box, format }));
      expect((await colourAt(result, 30, 2))[3]).toBe(0);
      expect((await colourAt(result, 30, 30))[3]).toBe(255);
    }
  });

  test("are white in JPEG", async () => {
    const image = await sharp({
      create: { width: 100, height: 50, channels: 4, background: "red" },
    })
      .png()
      .toBuffer();
    const result = decode(await resize(image, { ...box, format: "jpeg" }));
    for (const value of await colourAt(result, 30, 2)) expect(value).toBeGreaterThan(250);
  });

  test("are transparent around each frame of an animation", async () => {
    const image = await (await frames(3)).gif().toBuffer();
    const result = decode(await resize(image, box));
    expect((await colourAt(result, 30, 2, 2))[3]).toBe(0);
    expect((await colourAt(result, 30, 30, 2))[3]).toBe(255);
  });
});

describe("outputFile", () => {
  let root: string;
  let image: Buffer;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "image-resize-"));
    const create = { width: 40, height: 20, channels: 3 as const, background: "red" };
    image = await sharp({ create }).png().toBuffer();
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  async function write(options: object): Promise<Result> {
    const input = { base64: image.toString("base64") };
    return (await runPlugin(plugin, { input, options, filesRoot: root })).output as Result;
  }

  test.each([
    ["a/x.webp", "webp"],
    ["x.JPG", "jpeg"],
    ["x.jpeg", "jpeg"],
    ["x.avif", "heif"],
    ["x.gif", "gif"],
    ["x", "png"],
    ["x.part", "png"],
  ])("%s gives a file of the format %s", async (outputFile, format) => {
    const result = await write({ outputFile });
    expect(result).toMatchObject({ file: outputFile, base64: null });
    expect((await sharp(readFileSync(join(root, outputFile))).metadata()).format).toBe(format);
  });

  test.each([
    [{ outputFile: "x.webp", format: "png" }, /"x\.webp" and format is "png": .*"webp" or "same"/],
    [{ outputFile: "x.png", format: "jpeg" }, /must end in \.jpg/],
    [{ outputFile: "x.tiff" }, /"x\.tiff": this format cannot be written.*\.jpg, \.png/],
    [{ outputFile: "dir" }, /outputFile is "dir": it is a folder.*"dir\/small\.png"/],
    [{ outputFile: "new/" }, /outputFile is "new\/": it is a folder/],
    [{ outputFile: "file/x.png" }, /outputFile is "file\/x\.png": /],
    [{ outputFile: "/tmp/x.png" }, /^outputFile is "\/tmp\/x\.png": it leads out/],
  ])("%j is refused", async (options, message) => {
    mkdirSync(join(root, "dir"));
    writeFileSync(join(root, "file"), "");
    await expect(write(options)).rejects.toThrow(message);
  });

  test("a folder as the source is called a folder", async () => {
    mkdirSync(join(root, "dir"));
    const run = runPlugin(plugin, { input: { file: "dir" }, filesRoot: root });
    await expect(run).rejects.toThrow(/file is "dir": .*it is a folder/);
  });
});
