import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { PluginContext } from "../../plugin-sdk.ts";
import { pathOf, type FileSource } from "../shared/file-source.ts";
import { checkHttpUrl } from "../shared/http-url.ts";
import { showUrl } from "../shared/show-url.ts";
import { createDecoder, findEncoding } from "./xml-encoding.ts";

const PIECE_BYTES = 1 << 18;
/** Enough for the XML declaration, which must come first. */
const HEAD_BYTES = 1024;

export interface XmlText {
  /** The input's field with its value, for errors. */
  readonly field: string;
  readonly pieces: AsyncIterable<string>;
  fraction(): number | null;
  encoding(): string | null;
}

interface Source {
  readonly text?: string | undefined;
  readonly file?: FileSource | undefined;
  readonly url?: string | undefined;
}

interface Limits {
  readonly encoding: string;
  readonly maxBytes: number;
}

type Context = Pick<PluginContext, "fetch" | "files">;

export async function openText(source: Source, ctx: Context, limits: Limits): Promise<XmlText> {
  if (source.file) {
    const field = `file is ${JSON.stringify(source.file)}`;
    const path = await pathOf(source.file, ctx.files);
    const found = await stat(path).catch(() => null);
    if (!found?.isFile()) {
      const instead = found === null ? `there is no such file at ${path}` : "it is not a file";
      throw new Error(`${field}: it must be a file in the files folder, but ${instead}.`);
    }
    if (found.size > limits.maxBytes) throw tooLarge(field, limits);
    const bytes = createReadStream(path, { highWaterMark: PIECE_BYTES });
    return fromBytes(bytes, { field, size: found.size, charset: null, limits });
  }
  if (source.url) return openUrl(source.url, ctx, limits);
  // A text has none, but an unknown one is wrong all the same.
  if (limits.encoding !== "auto") await createDecoder(limits.encoding, "text");
  return fromString(source.text ?? "", limits);
}

async function openUrl(url: string, ctx: Context, limits: Limits): Promise<XmlText> {
  const field = `url is ${JSON.stringify(showUrl(url))}`;
  checkHttpUrl(url);
  const response = await ctx.fetch(url).catch((cause: unknown) => {
    throw new Error(`${field}: the download failed.`, { cause });
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(
      `${field}: it must respond with status 200, but its server responded with ${response.status}.`,
    );
  }
  const type = response.headers.get("content-type") ?? "";
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(type)?.[1] ?? null;
  const bytes = response.body ?? new Blob([]).stream();
  return fromBytes(bytes, { field, size: null, charset, limits });
}

function fromString(text: string, limits: Limits): XmlText {
  if (Buffer.byteLength(text) > limits.maxBytes) throw tooLarge("text", limits);
  // JSON clients send the byte order mark of a file as a part of its text.
  let read = text.startsWith("\uFEFF") ? 1 : 0;
  async function* pieces(): AsyncGenerator<string> {
    for (; read < text.length; read += PIECE_BYTES) yield text.slice(read, read + PIECE_BYTES);
  }
  return {
    field: "text",
    pieces: pieces(),
    fraction: () => Math.min(1, read / Math.max(1, text.length)),
    encoding: () => null,
  };
}

function fromBytes(
  bytes: AsyncIterable<Uint8Array>,
  about: {
    readonly field: string;
    readonly size: number | null;
    readonly charset: string | null;
    readonly limits: Limits;
  },
): XmlText {
  const { field, size, charset, limits } = about;
  let read = 0;
  let encoding: string | null = null;
  async function* pieces(): AsyncGenerator<string> {
    let head: Buffer | null = Buffer.alloc(0);
    let decode: ((chunk: Uint8Array | null) => string) | null = null;
    for await (const chunk of bytes) {
      read += chunk.length;
      if (read > limits.maxBytes) throw tooLarge(field, limits);
      if (decode !== null) {
        yield decode(chunk);
        continue;
      }
      head = Buffer.concat([head ?? Buffer.alloc(0), chunk]);
      if (head.length < HEAD_BYTES) continue;
      encoding = findEncoding(head, { wanted: limits.encoding, charset });
      decode = await createDecoder(encoding, field);
      yield decode(head);
      head = null;
    }
    encoding ??= findEncoding(head ?? Buffer.alloc(0), { wanted: limits.encoding, charset });
    decode ??= await createDecoder(encoding, field);
    if (head !== null) yield decode(head);
    yield decode(null);
  }
  return {
    field,
    pieces: pieces(),
    fraction: () => (size === null || size === 0 ? null : Math.min(1, read / size)),
    encoding: () => encoding,
  };
}

function tooLarge(field: string, { maxBytes }: Limits): Error {
  return new Error(
    `${field}: the XML must have at most ${maxBytes} bytes, which is the option maxBytes.`,
  );
}
