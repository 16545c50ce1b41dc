import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { PluginContext } from "../../plugin-sdk.ts";
import { decode, type Encoding } from "./decode.ts";
import { peek } from "./peek.ts";

const PIECE_LENGTH = 1 << 18;

export interface CsvSource {
  readonly text?: string | undefined;
  readonly file?: string | undefined;
  readonly url?: string | undefined;
}

export interface OpenText {
  /** The whole text in pieces. No piece is empty. */
  readonly pieces: AsyncIterable<string>;
  /** The part of the source that has been read, from 0 to 1. Null if the size is unknown. */
  fraction(): number | null;
}

type Bytes = AsyncIterable<Uint8Array>;

/** Opens the given source. Gzip is detected by its first bytes and decompressed. */
export async function openText(
  source: CsvSource,
  ctx: Pick<PluginContext, "fetch" | "files" | "signal">,
  encoding: Encoding,
): Promise<OpenText> {
  if (source.file) {
    const { bytes, size } = await openFile(source.file, ctx);
    return fromBytes(bytes, size, encoding);
  }
  if (source.url) {
    const { bytes, size } = await openUrl(source.url, ctx);
    return fromBytes(bytes, size, encoding);
  }
  return fromString(source.text ?? "");
}

function fromString(text: string): OpenText {
  let read = 0;
  async function* pieces(): AsyncGenerator<string> {
    for (; read < text.length; read += PIECE_LENGTH) yield text.slice(read, read + PIECE_LENGTH);
  }
  return { pieces: pieces(), fraction: () => Math.min(1, read / Math.max(1, text.length)) };
}

async function openFile(
  file: string,
  ctx: Pick<PluginContext, "files">,
): Promise<{ bytes: Bytes; size: number }> {
  const path = ctx.files.resolve(file);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) {
    throw new Error(
      `file is ${JSON.stringify(file)}: it must be a file in the files folder, but there is no such file at ${path}`,
    );
  }
  return { bytes: createReadStream(path, { highWaterMark: PIECE_LENGTH }), size: found.size };
}

async function openUrl(
  url: string,
  ctx: Pick<PluginContext, "fetch">,
): Promise<{ bytes: Bytes; size: number | null }> {
  const response = await ctx.fetch(url);
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(
      `url is ${JSON.stringify(url)}: its server responded with status ${response.status}`,
    );
  }
  // The length of an encoded body counts encoded bytes, but decoded bytes are read.
  const isEncoded = response.headers.get("content-encoding") !== null;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  return {
    bytes: response.body ?? Readable.from([]),
    size: isEncoded || !Number.isFinite(length) ? null : length,
  };
}

function fromBytes(bytes: Bytes, size: number | null, encoding: Encoding): OpenText {
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      read += chunk.length;
      yield chunk;
    }
  }
  return {
    pieces: decode(unpacked(counted()), encoding),
    fraction: () => (size === null || size === 0 ? null : Math.min(1, read / size)),
  };
}

async function* unpacked(bytes: Bytes): AsyncGenerator<Uint8Array> {
  const { head, all } = await peek(bytes, 2);
  if (!(head[0] === 0x1f && head[1] === 0x8b)) {
    yield* all;
    return;
  }
  try {
    // The callback is required, but errors arrive through the iteration.
    yield* pipeline(all, createGunzip({ chunkSize: PIECE_LENGTH }), () => {});
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    throw new Error(`the gzip data is damaged (${(error as Error).message})`, { cause: error });
  }
}
