/** Opens streams of server-sent events, which have one limit together. */
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { Refused } from "../domain/errors.ts";
import { createWaitSignal } from "./wait-signal.ts";

/** How often a stream without events sends a comment, in ms. */
export const HEARTBEAT_MS = 15_000;
/** A comment, which keeps proxies from closing the connection. */
export const HEARTBEAT = ": still here\n\n";
/** The first text of each stream: a client waits this long before it connects again. */
export const RECONNECT = "retry: 2000\n\n";
/**
 * How long a client can leave its stream unread. A heartbeat that was read starts the time again. Node
 * can need two such times to see that nothing is read.
 */
const UNREAD_TIMEOUT_MS = 3 * HEARTBEAT_MS;

/** What a stream's source needs to know about its client. */
export interface OpenStream {
  /** Aborts when the client disconnects or the server closes. */
  readonly signal: AbortSignal;
  /** Called before each event, because a token can be removed while its stream is open. */
  readonly isAllowed: () => boolean;
  /**
   * Called with the bytes of the next event, or 0 before a wait. They count until the next call. If it
   * returns false, the stream ends, and the client connects again with the id of its last event.
   */
  readonly hasRoomFor: (bytes: number) => boolean;
}

export interface Streams {
  /** How many are open. */
  count(): number;
  /**
   * Sends what the source yields, as the client reads it: a slow client holds one text at most. Throws
   * `Refused`: TOO_MANY_STREAMS.
   */
  send(reply: FastifyReply, source: (stream: OpenStream) => AsyncGenerator<string>): FastifyReply;
}

export function createStreams(options: {
  readonly maxStreams: number;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}): Streams {
  let open = 0;

  function begin(reply: FastifyReply): AbortSignal {
    if (open >= options.maxStreams) {
      throw new Refused("TOO_MANY_STREAMS", `${open} event streams are open, which is the limit.`);
    }
    const signal = createWaitSignal(reply, options);
    // The client can have disconnected before.
    if (signal.aborted) return signal;
    open += 1;
    reply.request.releaseSlot?.();
    signal.addEventListener("abort", () => (open -= 1), { once: true });
    return signal;
  }

  return {
    count: () => open,
    send(reply, source) {
      const isHead = reply.request.method === "HEAD";
      const { isStillAllowed } = reply.request;
      const signal = isHead ? null : begin(reply);
      reply
        .header("content-type", "text/event-stream; charset=utf-8")
        .header("cache-control", "no-cache, no-transform")
        .header("x-accel-buffering", "no");
      if (signal === null) return reply.send();
      reply.raw.setTimeout(UNREAD_TIMEOUT_MS);
      const stream = {
        signal,
        isAllowed: () => isStillAllowed?.() ?? true,
        hasRoomFor: (bytes: number) => reply.tryHoldBytes(reply.raw.writableLength + bytes),
      };
      return reply.send(Readable.from(source(stream), { highWaterMark: 1 }));
    },
  };
}

/** One event. `data` has no line breaks: it is JSON. */
export function toFrame(event: string, data: string, id: number | null = null): string {
  return `${id === null ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}
