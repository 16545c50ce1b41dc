import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";
import type { Transform } from "node:stream";

/** The input may be cut off: what it decodes to so far is wanted. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/**
 * The text of the first bytes of a compressed body, at most `maxBytes` of it. Endpoints compress
 * although the request does not ask for it. A body that cannot be decoded is returned as it is.
 */
export async function decodeBody(
  bytes: Buffer,
  encoding: string,
  maxBytes: number,
): Promise<string> {
  const createDecoder = DECODERS[encoding.trim().toLowerCase()];
  if (createDecoder === undefined) return toText(bytes, maxBytes);
  const decoder = createDecoder();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    decoder.end(bytes);
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxBytes) break;
    }
  } catch {
    // The rest is missing or broken.
  }
  return toText(length === 0 ? bytes : Buffer.concat(chunks), maxBytes);
}

export function toText(bytes: Buffer, maxBytes: number): string {
  return bytes.subarray(0, maxBytes).toString("utf8");
}
