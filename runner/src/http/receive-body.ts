/** Receives request bodies. Their bytes count against the memory for all bodies as they arrive. */
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";

/** How often the rate of a body is checked, unless a quarter of the request timeout is shorter. */
const RATE_OVER_MS = 10_000;
/** A body must arrive at this rate, measured over `BodyLimits.rateOverMs`. Kestrel requires 240. */
const MIN_BYTES_PER_SECOND = 1024;

export function rateOverMsOf(requestTimeoutMs: number): number {
  return Math.min(RATE_OVER_MS, requestTimeoutMs / 4);
}

export interface BodyLimits {
  readonly maxBytes: number;
  readonly tooLarge: (request: FastifyRequest) => Refused;
  /** How often the rate is checked. A body that stalls is refused after one to two times this. */
  readonly rateOverMs: number;
}

export interface ReceivedBody {
  readonly bytes: Buffer;
  /** Frees the memory of `bytes`, which are empty after it. */
  readonly free: () => void;
}

/**
 * Returns the bytes of what `open` returns: the request's body or what inflates it. It is opened only
 * when it will be read: the error of a stream that nobody reads ends the process. Throws `Refused`:
 * OVERLOADED, REQUEST_TIMEOUT, and what `tooLarge` returns.
 */
export async function receiveBody(
  request: FastifyRequest,
  open: () => Readable,
  { maxBytes, tooLarge, rateOverMs }: BodyLimits,
): Promise<ReceivedBody> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(request);
  const source = open();
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedBody>();
  const received = createBuffer(maxBytes);
  source.on("data", (chunk: Buffer) => {
    if (received.size() + chunk.length > maxBytes) return reject(tooLarge(request));
    try {
      request.holdBytes(chunk.length);
      received.append(chunk);
    } catch (error) {
      reject(error);
    }
  });
  source
    .once("end", () => resolve({ bytes: received.bytes(), free: received.free }))
    .on("error", (error) => reject(explain(error)));
  const stopWatching = watchRate(request.raw.socket, { overMs: rateOverMs, onSlow: reject });
  try {
    return await promise;
  } catch (error) {
    // The rest is discarded after the response.
    source.removeAllListeners("data");
    if (source === request.raw) source.pause();
    else source.destroy();
    received.free();
    throw error;
  } finally {
    stopWatching();
  }
}

function explain(error: NodeJS.ErrnoException): Error {
  return error.code === "ECONNRESET"
    ? new Refused("REQUEST_MALFORMED", "The client disconnected before its body had arrived.")
    : error;
}

/**
 * Collects chunks in one buffer: a list of chunks of one byte would occupy 200 times their size. Frees
 * what it does not use any more, because V8 waits with that for its next collection.
 */
function createBuffer(maxBytes: number) {
  let bytes: Buffer = Buffer.alloc(0);
  let size = 0;
  /** Whether the memory of `bytes` belongs to nothing else. A chunk's can be part of what a socket read. */
  let isOwn = false;

  function free(): void {
    // Small buffers are parts of a pool.
    if (isOwn && bytes.length === bytes.buffer.byteLength)
      (bytes.buffer as ArrayBuffer).transfer(0);
    bytes = Buffer.alloc(0);
    isOwn = false;
  }

  return {
    free,
    size: () => size,
    bytes: () => (size === bytes.length ? bytes : bytes.subarray(0, size)),
    append(chunk: Buffer): void {
      const total = size + chunk.length;
      // Most bodies are one chunk.
      if (size === 0) bytes = chunk;
      else {
        if (total > bytes.length) {
          const grown = Buffer.allocUnsafe(Math.min(maxBytes, 2 * total));
          bytes.copy(grown, 0, 0, size);
          free();
          bytes = grown;
          isOwn = true;
        }
        chunk.copy(bytes, size);
      }
      size = total;
    },
  };
}

/**
 * Calls `onSlow` when too few bytes arrive, unless `isOurs` says that the daemon did not take them. Returns
 * a function that ends the watch.
 */
export function watchRate(
  socket: Socket,
  {
    overMs,
    onSlow,
    isOurs = () => false,
  }: { overMs: number; onSlow: (refused: Refused) => void; isOurs?: () => boolean },
): () => void {
  const least = Math.ceil((MIN_BYTES_PER_SECOND * overMs) / 1000);
  let before = socket.bytesRead;
  function check(): void {
    const arrived = socket.bytesRead - before;
    before += arrived;
    const isExcused = isOurs();
    if (arrived >= least || isExcused) return;
    const detail = `Only ${arrived} bytes of the request's body arrived within ${overMs} ms: at least ${least} must arrive.`;
    onSlow(new Refused("REQUEST_TIMEOUT", detail));
  }
  // Bytes that arrived while the event loop was busy are read before an immediate runs.
  const timer = setInterval(() => setImmediate(check), overMs).unref();
  return () => clearInterval(timer);
}
