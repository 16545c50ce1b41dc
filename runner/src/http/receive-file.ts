/** Receives the body of an upload as a stream. */
import type { IncomingMessage } from "node:http";
import { PassThrough, type Duplex } from "node:stream";
import type { FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import { watchRate } from "./receive-body.ts";

const BUFFER_BYTES = 256 * 1024;

const receiving = new WeakSet<Duplex>();

/** Whether the connection is sending a file, which may take longer than other requests. */
export function isReceivingFile(socket: Duplex): boolean {
  return receiving.has(socket);
}

/**
 * Yields the request's body. Ending the iteration early leaves the rest of the body unread. Throws
 * `Refused`: REQUEST_TIMEOUT if it arrives too slowly, REQUEST_MALFORMED if the client disconnects, and
 * STOPPING when the signal aborts.
 */
export async function* receiveFile(
  { raw }: FastifyRequest,
  { rateOverMs, closing }: { readonly rateOverMs: number; readonly closing: AbortSignal },
): AsyncGenerator<Uint8Array> {
  if (closing.aborted) throw new Refused("STOPPING");
  const { socket } = raw;
  // A stream of its own: destroying the request would close the connection before the response.
  const body = new PassThrough({ highWaterMark: BUFFER_BYTES });
  const fail = (error: Error): void => void body.destroy(error);
  const onStop = (): void => fail(new Refused("STOPPING"));
  const onError = (error: Error): void => fail(explain(error));
  const isOurs = watchDisk(raw);
  const stopWatching = watchRate(socket, { overMs: rateOverMs, onSlow: fail, isOurs });
  closing.addEventListener("abort", onStop, { once: true });
  raw.on("error", onError);
  receiving.add(socket);
  try {
    raw.pipe(body);
    yield* body as AsyncIterable<Buffer>;
  } finally {
    stopWatching();
    closing.removeEventListener("abort", onStop);
    receiving.delete(socket);
    raw.unpipe(body);
    body.destroy();
  }
}

/**
 * Returns a function that tells whether the client has had to wait for the disk since the last call, or
 * has sent everything.
 */
function watchDisk(raw: IncomingMessage): () => boolean {
  let hadToWait = false;
  raw.on("pause", () => (hadToWait = true));
  return () => {
    const isOurs = hadToWait || raw.complete;
    hadToWait = raw.isPaused();
    return isOurs;
  };
}

function explain(error: NodeJS.ErrnoException): Error {
  if (error.code !== "ECONNRESET") return error;
  return new Refused("REQUEST_MALFORMED", "The client disconnected before its file had arrived.");
}
