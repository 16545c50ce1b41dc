import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { PluginContext } from "../../../plugin-sdk.ts";
import { pathOf, type FileSource } from "../../shared/file-source.ts";
import { checkHttpUrl } from "../../shared/http-url.ts";
import { showUrl } from "../../shared/show-url.ts";
import { decode } from "./decode.ts";
import type { EncodingGuess } from "./guess-encoding.ts";
import { refuseMarkup } from "./other-formats.ts";
import { peek } from "./peek.ts";
import { createDecoder } from "./text-decoder.ts";

const PIECE_LENGTH = 1 << 18;

export interface CsvSource {
  readonly text?: string | undefined;
  readonly file?: FileSource | undefined;
  readonly url?: string | undefined;
}

export interface OpenText {
  /** The whole text in pieces. No piece is empty. */
  readonly pieces: AsyncIterable<string>;
  /** The part of the source that has been read, from 0 to 1. Null if the size is unknown. */
  fraction(): number | null;
  /** The encoding of the source. Null for a text, and before the first piece. */
  encoding(): string | null;
}

type Bytes = AsyncIterable<Uint8Array>;

interface OpenBytes {
  readonly bytes: Bytes;
  readonly size: number | null;
  /** The charset of the response's `Content-Type`. */
  readonly charset?: string | undefined;
}

export interface OpenOptions {
  /** Undefined: to be detected. */
  readonly encoding: string | undefined;
  onGuess(guess: EncodingGuess): void;
}

/** Opens the given source. Gzip is detected by its first bytes and decompressed. */
export async function openText(
  source: CsvSource,
  ctx: Pick<PluginContext, "fetch" | "files" | "signal">,
  options: OpenOptions,
): Promise<OpenText> {
  const opened = await open(source, ctx, options);
  return { ...opened, pieces: checked(opened.pieces, nameOf(source)) };
}

async function open(
  source: CsvSource,
  ctx: Pick<PluginContext, "fetch" | "files" | "signal">,
  options: OpenOptions,
): Promise<OpenText> {
  if (source.file) return fromBytes(await openFile(source.file, ctx), nameOf(source), options);
  if (source.url) return fromBytes(await openUrl(source.url, ctx), nameOf(source), options);
  // A text has none, but an unknown one is wrong all the same.
  if (options.encoding !== undefined) await createDecoder(options.encoding);
  return fromString(source.text ?? "");
}

function nameOf({ file, url }: CsvSource): string {
  if (file) return `file ${JSON.stringify(file)}`;
  return url ? `the response of url ${JSON.stringify(showUrl(url))}` : "text";
}

/** Refuses text of another format. */
async function* checked(pieces: AsyncIterable<string>, field: string): AsyncGenerator<string> {
  let isFirst = true;
  for await (const piece of pieces) {
    if (isFirst) refuseMarkup(piece.slice(0, 4096), field);
    isFirst = false;
    yield piece;
  }
}

function fromString(text: string): OpenText {
  // JSON clients send the byte order mark of a file as a part of its text.
  let read = text.startsWith("\uFEFF") ? 1 : 0;
  async function* pieces(): AsyncGenerator<string> {
    for (; read < text.length; read += PIECE_LENGTH) yield text.slice(read, read + PIECE_LENGTH);
  }
  return {
    pieces: pieces(),
    fraction: () => Math.min(1, read / Math.max(1, text.length)),
    encoding: () => null,
  };
}

async function openFile(file: FileSource, ctx: Pick<PluginContext, "files">): Promise<OpenBytes> {
  const path = await pathOf(file, ctx.files);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) {
    const instead = found?.isDirectory() ? "it is a folder" : `there is no such file at ${path}`;
    throw new Error(
      `file is ${JSON.stringify(file)}: it must be a file in the files folder, but ${instead}`,
    );
  }
  return { bytes: createReadStream(path, { highWaterMark: PIECE_LENGTH }), size: found.size };
}

async function openUrl(url: string, ctx: Pick<PluginContext, "fetch">): Promise<OpenBytes> {
  checkHttpUrl(url);
  const response = await ctx.fetch(url).catch((error: unknown) => {
    throw new Error(`url is ${JSON.stringify(showUrl(url))}: the download failed`, {
      cause: error,
    });
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(
      `url is ${JSON.stringify(showUrl(url))}: it must respond with status 200, but ${response.redirected ? showUrl(response.url) : "its server"} responded with ${response.status} ${response.statusText}`.trimEnd(),
    );
  }
  // The length of an encoded body counts encoded bytes, but decoded bytes are read.
  const isEncoded = response.headers.get("content-encoding") !== null;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  return {
    bytes: response.body ?? Readable.from([]),
    size: isEncoded || !Number.isFinite(length) ? null : length,
    charset: charsetIn(response.headers.get("content-type")),
  };
}

/** A charset that is detected anyway, or also named for other data, says nothing. */
function charsetIn(contentType: string | null): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? "")?.[1]?.toLowerCase();
  return charset === "utf-8" || charset === "utf8" || charset === "us-ascii" ? undefined : charset;
}

function fromBytes(
  { bytes, size, charset }: OpenBytes,
  field: string,
  options: OpenOptions,
): OpenText {
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      read += chunk.length;
      yield chunk;
    }
  }
  let encoding: string | null = null;
  const onEncoding = (used: string): void => {
    encoding = used;
  };
  return {
    pieces: decode(unpacked(counted(), field), { ...options, field, charset, onEncoding }),
    encoding: () => encoding,
    fraction: () => (size === null || size === 0 ? null : Math.min(1, read / size)),
  };
}

async function* unpacked(bytes: Bytes, field: string): AsyncGenerator<Uint8Array> {
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
    throw new Error(`${field}: the gzip data is damaged (${(error as Error).message})`, {
      cause: error,
    });
  }
}
