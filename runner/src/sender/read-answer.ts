import type { Dispatcher } from "undici";

/** As much of an answer as is kept, in bytes. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/** Reads the answer's first 16 KiB as text; the rest is dropped and its connection closed. */
export async function readAnswer(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop early destroys the body, and with it the socket.
    if (size > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
}
