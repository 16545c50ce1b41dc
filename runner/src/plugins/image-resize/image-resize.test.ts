import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runPlugin } from "../../../test/support/plugin-context.ts";
import { VEGA_DATA } from "../../../test/support/real-files.ts";
import { messageWithCauses } from "../../domain/message-with-causes.ts";
import plugin from "./index.ts";

interface Result {
  width: number;
  height: number;
  format: string;
  mimeType: string;
  bytes: number;
  original: { width: number; height: number; format: string; bytes: number };
  base64: string | null;
  file: string | null;
}

async function resize(input: object, options: object = {}, filesRoot = VEGA_DATA): Promise<Result> {
  return (await runPlugin(plugin, { input, options, filesRoot })).output as Result;
}

const decode = (result: Result): Buffer => Buffer.from(result.base64!, "base64");

describe("the Firefox logo of vega-datasets", () => {
  const logo = readFileSync(join(VEGA_DATA, "ffox.png"));

  test("gets the requested size and format", async () => {
    const before = await sharp(logo).metadata();
    const result = await resize({ file: "ffox.png" }, { width: 64, format: "webp" });
    const after = await sharp(decode(result)).metadata();
    expect(after).toMatchObject({ format: "webp", width: 64, height: result.height });
    expect(result.height).toBe(Math.round((64 * before.height) / before.width));
    expect(result).toMatchObject({
      width: 64,
      format: "webp",
      mimeType: "image/webp",
      bytes: decode(result).length,
      original: { width: before.width, height: before.height, format: "png", bytes: logo.length },
      file: null,
    });
  });

  test.each(["jpeg", "png", "webp", "avif", "gif"])("can be written as %s", async (format) => {
    const result = await resize({ file: "ffox.png" }, { width: 32, format });
    const { format: written } = await sharp(decode(result)).metadata();
    expect(written).toBe(format === "avif" ? "heif" : format);
  });

  test.each([
    ["inside", 40, 40],
    ["cover", 80, 40],
    ["contain", 80, 40],
    ["fill", 80, 40],
    ["outside", 80, 80],
  ])("of 100 × 100 pixels, in 80 × 40 with fit %s, becomes %i × %i", async (fit, ...size) => {
    const { width, height } = await resize({ file: "ffox.png" }, { width: 80, height: 40, fit });
    expect([width, height]).toEqual(size);
  });

  test("gives the same result from a file, base64, a data URL and a URL", async () => {
    const expected = await resize({ file: "ffox.png" }, { width: 20 });
    const base64 = logo.toString("base64");
    expect(await resize({ base64 }, { width: 20 })).toEqual(expected);
    expect(await resize({ base64: `data:image/png;base64,${base64}` }, { width: 20 })).toEqual(
      expected,
    );
    const server = createServer((request, response) => {
      if (request.url === "/moved") {
        response.writeHead(302, { location: "/none" }).end();
      } else if (request.url === "/cut") {
        response.writeHead(200, { "content-length": logo.length });
        response.write(logo.subarray(0, 100), () => response.destroy());
      } else {
        response.writeHead(request.url === "/logo" ? 200 : 404).end(logo);
      }
    });
    await new Promise<void>((listening) => {
      server.listen(0, "127.0.0.1", listening);
    });
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await resize({ url: `${address}/logo` }, { width: 20 })).toEqual(expected);
      await expect(resize({ url: `${address}/none` })).rejects.toThrow(/none".*404/);
      await expect(resize({ url: `${address}/moved` })).rejects.toThrow(
        /moved".*404 after a redirect to .*\/none/,
      );
      await expect(resize({ url: `${address}/cut` })).rejects.toThrow(
        /cut": it could not be downloaded/,
      );
    } finally {
      server.close();
    }
  });

  test("is enlarged only if the option allows it", async () => {
    const { original, width } = await resize({ file: "ffox.png" }, { width: 5000 });
    expect(width).toBe(original.width);
    const large = await resize({ file: "ffox.png" }, { width: 1000, withoutEnlargement: false });
    expect(large.width).toBe(1000);
  });
});

describe("files", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "image-resize-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test("the result is written to outputFile, and no other file is created", async () => {
    writeFileSync(join(root, "in.png"), readFileSync(join(VEGA_DATA, "gimp.png")));
    const options = { width: 16, outputFile: "out/small.png" };
    const result = await resize({ file: "in.png" }, options, root);
    expect(result).toMatchObject({ file: "out/small.png", base64: null, width: 16 });
    expect(readdirSync(join(root, "out"))).toEqual(["small.png"]);
    expect(readFileSync(join(root, "out", "small.png"))).toHaveLength(result.bytes);
  });

  test("no file outside the files folder is read or written", async () => {
    const inside = { base64: readFileSync(join(VEGA_DATA, "gimp.png"), "base64") };
    await expect(resize(inside, { outputFile: "../x.png" }, root)).rejects.toThrow("leads out");
    await expect(resize({ file: "/etc/hostname" }, {}, root)).rejects.toThrow("leads out");
    await expect(resize({ file: "none.png" }, {}, root)).rejects.toThrow('"none.png"');
  });
});

test("a photo is turned upright, and its metadata is removed", async () => {
  const photo = await sharp({ create: { width: 60, height: 30, channels: 3, background: "red" } })
    .withExif({ IFD0: { Orientation: "6", Copyright: "Me" } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const input = { base64: photo.toString("base64") };
  const upright = await resize(input, {});
  expect([upright.width, upright.height]).toEqual([30, 60]);
  expect((await sharp(decode(upright)).metadata()).exif).toBeUndefined();
  const kept = await resize(input, { keepMetadata: true });
  expect((await sharp(decode(kept)).metadata()).exif).toBeDefined();
});

describe("an invalid image is an error with the reason", () => {
  const png = readFileSync(join(VEGA_DATA, "7zip.png"));
  /** A real file with a false size in its header, like a decompression bomb. */
  const bomb = Buffer.from(png);
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);

  test.each<[string, Buffer, RegExp]>([
    ["text", readFileSync(join(VEGA_DATA, "stocks.csv")), /not an image in a known format/],
    ["a truncated file", png.subarray(0, png.length / 2), /cannot be read/],
    [
      "a decompression bomb",
      bomb,
      /60000 × 60000 pixels, together 3600000000: it must have at most 100000000 \(the operator's limit, IMAGE_RESIZE_MAX_PIXELS\)/,
    ],
  ])("%s", async (_, bytes, message) => {
    await expect(resize({ base64: bytes.toString("base64") })).rejects.toThrow(message);
  });

  test("an empty file", async () => {
    const root = mkdtempSync(join(tmpdir(), "image-resize-"));
    try {
      writeFileSync(join(root, "empty.png"), "");
      await expect(resize({ file: "empty.png" }, {}, root)).rejects.toThrow("0 bytes");
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  test("a URL that nothing answers", async () => {
    const failed = await resize({ url: "http://127.0.0.1:1/x.png" }).catch(
      (error: unknown) => error,
    );
    expect(messageWithCauses(failed as Error)).toMatch(
      /url is "http:\/\/127\.0\.0\.1:1\/x\.png": it could not be downloaded: fetch failed/,
    );
  });

  test("invalid base64, and no source or two sources", async () => {
    await expect(resize({ base64: "häh?" })).rejects.toThrow("must contain only base64 characters");
    await expect(resize({})).rejects.toThrow(
      "exactly one of base64, file and url is required, but the input has none",
    );
    await expect(resize({ base64: "AA", file: "x" })).rejects.toThrow(
      "but the input has base64 and file",
    );
    await expect(resize({ file: "ffox.png" }, { width: 0 })).rejects.toThrow("width");
    await expect(resize({ file: "ffox.png" }, { width: 20_000 })).rejects.toThrow("width");
  });
});

test("the plugin's own example enlarges an image of one pixel", async () => {
  const { output } = await runPlugin(plugin, plugin.example!);
  expect(output).toMatchObject({ width: 8, height: 8, format: "webp", original: { width: 1 } });
});

test("threads can resize after other threads have ended", async () => {
  const script = `
    import { workerData } from "node:worker_threads";
    const { resize } = await import(workerData.module);
    const { readFileSync } = await import("node:fs");
    const options = { width: 32, fit: "inside", format: "webp", quality: 80, withoutEnlargement: true, keepMetadata: false, limit: { pixels: 1e6, setBy: "test" }, timeoutMs: 10_000 };
    await resize(readFileSync(workerData.image), options);
    if (workerData.exits) process.exit(0);
  `;
  const module = new URL("resize.ts", import.meta.url).href;
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const runOnce = (exits: boolean): Promise<number> =>
    new Promise((resolve, reject) => {
      const workerData = { module, image: join(VEGA_DATA, "ffox.png"), exits };
      const worker = new Worker(url, { workerData });
      worker.on("error", reject);
      worker.on("exit", resolve);
    });
  for (let round = 0; round < 3; round++) {
    expect(await Promise.all([runOnce(false), runOnce(true)])).toEqual([0, 0]);
  }
}, 30_000);
