import { isAscii } from "node:buffer";
import { guessEncoding, guessUtf16, isUtf8Text, type EncodingGuess } from "./guess-encoding.ts";
import { peek } from "./peek.ts";
import { refuseBinary } from "./other-formats.ts";
import { createDecoder, type Decoder } from "./text-decoder.ts";

const HEAD_LENGTH = 4096;

export interface DecodeOptions {
  /** The input's field that the bytes come from, with its value. For errors. */
  readonly field: string;
  /** Undefined: to be detected. */
  readonly encoding: string | undefined;
  /** The charset of the response's `Content-Type`. */
  readonly charset: string | undefined;
  onGuess(guess: EncodingGuess): void;
  onEncoding(encoding: string): void;
}

/**
 * Decodes bytes to text without the byte order mark. Without an encoding, that mark decides, then
 * whether the bytes are UTF-8, then the response's charset. Servers name ISO-8859-1 for any text, so
 * that UTF-8 goes first. ASCII is the same in all encodings but UTF-16: the choice is made at the
 * first byte beyond it.
 */
export async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  options: DecodeOptions,
): AsyncGenerator<string> {
  const { head, all } = await peek(bytes, HEAD_LENGTH);
  refuseBinary(head, options.field);
  let decoder = await chooseByHead(head, options);
  let read = 0;
  for await (const chunk of all) {
    if (decoder === null && !isAscii(chunk)) decoder = await chooseByBytes(chunk, options);
    const text =
      decoder === null
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1")
        : toText(decoder, { chunk, read }, options);
    refuseZero(text, read, options);
    read += chunk.length;
    if (text !== "") yield text;
  }
  options.onEncoding(decoder?.encoding ?? "ascii");
  const rest = decoder === null ? "" : toText(decoder, { chunk: undefined, read }, options);
  if (rest !== "") yield rest;
}

async function chooseByHead(head: Uint8Array, options: DecodeOptions): Promise<Decoder | null> {
  const mark = byMark(head);
  const { encoding } = options;
  const utf16 = guessUtf16(head);
  if (encoding !== undefined) {
    const decoder = await createDecoder(encoding);
    const right = mark ?? utf16;
    if (decoder.encoding.startsWith("utf-16") && right !== null && right !== decoder.encoding) {
      throw new Error(
        `encoding is ${JSON.stringify(encoding)}: it must be "${right}", because that is what the bytes are.`,
      );
    }
    return decoder;
  }
  if (mark !== null) return createDecoder(mark);
  if (options.charset?.startsWith("utf-16")) return createDecoder(options.charset);
  if (utf16 === null) return null;
  options.onGuess({ encoding: utf16, reason: "every second byte is zero" });
  return createDecoder(utf16);
}

async function chooseByBytes(chunk: Uint8Array, options: DecodeOptions): Promise<Decoder> {
  if (isUtf8Text(chunk) || chunk.includes(0)) return createDecoder("utf-8");
  const { charset } = options;
  const guess =
    charset === undefined
      ? await guessEncoding(chunk.subarray(firstBeyondAscii(chunk)))
      : { encoding: charset, reason: "the response's Content-Type names this charset" };
  if (guess === null) return createDecoder("utf-8");
  options.onGuess(guess);
  return createDecoder(guess.encoding);
}

/** The first byte beyond ASCII, or a little before it: the text around it is evidence too. */
function firstBeyondAscii(chunk: Uint8Array): number {
  return Math.max(0, chunk.findIndex((byte) => byte >= 0x80) - 1_000);
}

function byMark(head: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" | null {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return "utf-8";
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  return null;
}

function toText(
  decoder: Decoder,
  { chunk, read }: { chunk: Uint8Array | undefined; read: number },
  { field, encoding }: DecodeOptions,
): string {
  try {
    return decoder.decode(chunk);
  } catch (error) {
    const place = `in bytes ${read} to ${read + (chunk?.length ?? 0)}`;
    const help =
      encoding === undefined
        ? "Set the option encoding, for example to windows-1252."
        : `The option encoding is ${JSON.stringify(encoding)}: it must be the encoding of the data.`;
    throw new Error(`${field} is not ${decoder.encoding} text (${place}). ${help}`, {
      cause: error,
    });
  }
}

function refuseZero(text: string, read: number, { field }: DecodeOptions): void {
  const at = text.indexOf("\0");
  if (at === -1) return;
  const before = text.slice(Math.max(0, at - 30), at);
  throw new Error(
    `${field} has a NUL character at about byte ${read + at}, after ${JSON.stringify(before)}: CSV must be text without it. The data is binary or damaged.`,
  );
}
