import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

export type Source = Uint8Array | string | AsyncIterable<Uint8Array | string>;

/** The bytes of what a plugin writes: bytes, the path of a file, or a stream. Text is UTF-8. */
export async function* toBytes(source: Source): AsyncIterable<Uint8Array> {
  if (source instanceof Uint8Array) {
    yield source;
    return;
  }
  const stream: unknown = typeof source === "string" ? createReadStream(source) : source;
  if (!isIterable(stream)) {
    throw new TypeError(
      "The file's source must be a Buffer or Uint8Array, the path of a file, or a stream of bytes. For text, use Buffer.from(text).",
    );
  }
  for await (const chunk of stream) {
    if (chunk instanceof Uint8Array) yield chunk;
    else if (typeof chunk === "string") yield Buffer.from(chunk);
    else throw new TypeError("The file's source must yield bytes or text, not other values.");
  }
}

/** For a source that was not read to its end: what is open behind it is closed. */
export function closeSource(source: Source): void {
  if (source instanceof Readable) source.destroy();
  // Rejects for a stream that somebody else reads, who closes it.
  if (source instanceof ReadableStream) source.cancel().catch(() => undefined);
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
