import type { FastifyInstance, FastifyReply } from "fastify";
import { Refused } from "../domain/errors.ts";
import { MAX_HELD_BYTES } from "./held-bytes.ts";

declare module "fastify" {
  interface FastifyReply {
    /** Bytes of the response that are counted now. */
    heldBytes: number;
    /**
     * Counts the response as `bytes` from now on, before it is built. Returns false and changes
     * nothing if there is no room.
     */
    tryHoldBytes: (bytes: number) => boolean;
    /** As `tryHoldBytes`, but throws `Refused`: OVERLOADED. */
    holdBytes: (bytes: number) => void;
  }
}

/** Smaller responses are not counted: the limit of requests in flight bounds their memory. In bytes. */
const SMALL_BYTES = 64 * 1024;

/**
 * Refuses responses for which there is no memory: 40 clients that read none of 120 MB ended a daemon
 * with 4 GiB. A response counts until the system has all of it or
 * the connection is closed. One that is larger than the limit is sent when no other one counts.
 */
export function registerResponseBudget(app: FastifyInstance): void {
  const counted = new WeakSet<FastifyReply>();
  let inUse = 0;

  function hold(reply: FastifyReply, bytes: number): void {
    if (reply.raw.destroyed) return;
    if (!counted.has(reply)) {
      counted.add(reply);
      reply.raw.once("close", () => {
        inUse -= reply.heldBytes;
        reply.heldBytes = 0;
      });
    }
    inUse += bytes - reply.heldBytes;
    reply.heldBytes = bytes;
  }

  function fits({ heldBytes }: FastifyReply, bytes: number): boolean {
    const others = inUse - heldBytes;
    return bytes <= SMALL_BYTES || others === 0 || others + bytes <= MAX_HELD_BYTES;
  }

  app.decorateReply("heldBytes", 0);
  app.decorateReply("tryHoldBytes", function tryHoldBytes(this: FastifyReply, bytes: number) {
    if (!fits(this, bytes)) return false;
    hold(this, bytes);
    return true;
  });
  app.decorateReply("holdBytes", function holdBytes(this: FastifyReply, bytes: number) {
    if (!this.tryHoldBytes(bytes)) throw refuse(inUse - this.heldBytes, bytes);
  });

  app.addHook("onSend", (...[request, reply, payload, done]) => {
    const bytes = lengthOf(payload);
    if (bytes === 0 || (bytes <= SMALL_BYTES && reply.heldBytes === 0)) return done(null, payload);
    // What another method has done cannot be refused any more.
    if (request.method === "GET" && !fits(reply, bytes)) {
      return done(refuse(inUse - reply.heldBytes, bytes));
    }
    hold(reply, bytes);
    done(null, payload);
  });
}

/** For a `catch`: null in place of the refusal, so that the caller can respond without the outputs. */
export function nullIfOverloaded(error: unknown): null {
  if (error instanceof Refused && error.code === "OVERLOADED") return null;
  throw error;
}

function refuse(inUse: number, bytes: number): Refused {
  const detail = `The responses that clients have not read yet are ${inUse} bytes. With the ${bytes} bytes of this one they would be more than ${MAX_HELD_BYTES}.`;
  return new Refused("OVERLOADED", detail, { isAdjustable: false });
}

/** A stream counts what it holds itself. */
function lengthOf(payload: unknown): number {
  if (Buffer.isBuffer(payload)) return payload.length;
  if (typeof payload !== "string") return 0;
  return payload.length * 3 <= SMALL_BYTES ? payload.length : Buffer.byteLength(payload);
}
