import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { BucketFailed } from "./bucket-failed.ts";

/** Yields the last chunk only if all of them together have the hash, so that nobody takes a damaged content for a whole one. */
export async function* onlyWhole(
  source: AsyncIterable<Uint8Array>,
  sha256: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let last: Uint8Array | null = null;
  for await (const chunk of source) {
    hash.update(chunk);
    if (last !== null) yield last;
    last = chunk;
  }
  if (hash.digest("hex") !== sha256) throw damaged(sha256);
  if (last !== null) yield last;
}

/** A connection that ends too early is no fault of the content. */
export async function* chunksOf(stream: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const { code = "ERROR", message } = cause as NodeJS.ErrnoException;
    const failure = { s3Code: code, isPassing: true };
    throw new BucketFailed(`The bucket stopped sending: ${message}`, failure, { cause });
  }
}

export function damaged(sha256: string): Error {
  return new Error(`The content ${sha256} is damaged in the bucket: it has another hash.`);
}
