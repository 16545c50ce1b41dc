import type { Readable } from "node:stream";
import { addAbortSignal } from "node:stream";

/** An output can have 16 MiB by default, and base64 needs a third more than the bytes. */
const MAX_BYTES = 8 << 20;

export async function toBase64(archive: Readable, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of addAbortSignal(signal, archive) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) {
      throw new Error(
        `outputFile is empty: it must be a path such as "out/files.zip", because the archive has more than ${MAX_BYTES} bytes.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("base64");
}
