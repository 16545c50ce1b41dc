import sharp from "sharp";
import { afterEach, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import plugin from "./index.ts";
import { FITS, planSize, type SizeOptions } from "./plan-size.ts";

async function draw(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: "red" } })
    .png()
    .toBuffer();
}

async function resize(bytes: Buffer, options: object): Promise<{ width: number; height: number }> {
  const input = { base64: bytes.toString("base64") };
  return (await runPlugin(plugin, { input, options })).output as { width: number; height: number };
}

describe("the planned size is the size of the result", () => {
  test.each([
    [40, 20],
    [7, 90],
    [1, 1],
    [33, 34],
  ])(
    "for an image of %i × %i pixels",
    async (width, height) => {
      const image = await draw(width, height);
      const sides = [undefined, 1, 16, 25, 64];
      for (const fit of FITS) {
        for (const withoutEnlargement of [true, false]) {
          for (const [wide, high] of sides.flatMap((a) => sides.map((b) => [a, b] as const))) {
            const options: SizeOptions = { width: wide, height: high, fit, withoutEnlargement };
            const { width: gotWidth, height: gotHeight } = await resize(image, options);
            expect({ width: gotWidth, height: gotHeight }, JSON.stringify(options)).toEqual(
              planSize({ width, height }, options),
            );
          }
        }
      }
    },
    60_000,
  );
});

describe("the operator's limit", () => {
  afterEach(() => {
    delete process.env["IMAGE_RESIZE_MAX_PIXELS"];
  });

  test("bounds the image, the result, and the job's own limit", async () => {
    const image = await draw(100, 100);
    process.env["IMAGE_RESIZE_MAX_PIXELS"] = "9999";
    const limit = /at most 9999 \(the operator's limit, IMAGE_RESIZE_MAX_PIXELS\)/;
    await expect(resize(image, {})).rejects.toThrow(limit);
    await expect(resize(image, { maxPixels: 1_000_000 })).rejects.toThrow(limit);
    await expect(resize(image, { maxPixels: 500 })).rejects.toThrow(/at most 500 \(option/);
    process.env["IMAGE_RESIZE_MAX_PIXELS"] = "10000";
    expect(await resize(image, {})).toMatchObject({ width: 100 });
    await expect(resize(image, { width: 101, withoutEnlargement: false })).rejects.toThrow(
      /the result would have 101 × 101 pixels, together 10201: it must have at most 10000/,
    );
  });

  test("must be a number", async () => {
    process.env["IMAGE_RESIZE_MAX_PIXELS"] = "100M";
    await expect(resize(await draw(1, 1), {})).rejects.toThrow(
      'IMAGE_RESIZE_MAX_PIXELS is "100M": it must be a whole number of pixels',
    );
  });
});

test("a thin image cannot be enlarged to any size", async () => {
  const options = { width: 16_000, withoutEnlargement: false };
  await expect(resize(await draw(1, 3), options)).rejects.toThrow(
    "the result would have 16000 × 48000 pixels, together 768000000",
  );
});

test.each([
  ["webp", 20_000, "WebP has at most 16383 on each side"],
  ["avif", 20_000, "AVIF has at most 16384 on each side"],
  ["gif", 70_000, "GIF has at most 65535 on each side"],
  ["jpeg", 70_000, "JPEG has at most 65500 on each side"],
])("what %s cannot hold is refused with its limit", async (format, width, message) => {
  await expect(resize(await draw(width, 2), { format })).rejects.toThrow(
    `the result would have ${width} × 2 pixels: ${message}`,
  );
});

test("timeoutMs ends the resizing of a large image", async () => {
  const image = await sharp({
    create: { width: 9_000, height: 9_000, channels: 3, background: "red" },
  })
    .png({ compressionLevel: 1 })
    .toBuffer();
  const options = {
    width: 16_000,
    height: 6_000,
    fit: "fill",
    withoutEnlargement: false,
    format: "jpeg",
  };
  await expect(resize(image, { ...options, timeoutMs: 1 })).rejects.toThrow(
    /could not be resized within 1 ms: .*option timeoutMs/,
  );
}, 60_000);
