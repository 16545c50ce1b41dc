import type { FastifyReply, FastifyRequest } from "fastify";
import { requireStillAllowed } from "./auth.ts";
import { createWaitSignal } from "./wait-signal.ts";

export interface Waits {
  /** How many requests wait now. */
  count(): number;
  /**
   * Waits without the request's slot, until `wait` resolves, the time is over or the client has
   * disconnected. Returns false without waiting when the limit is reached.
   */
  hold(
    reply: FastifyReply,
    timeoutMs: number,
    wait: (signal: AbortSignal) => Promise<void>,
  ): Promise<boolean>;
  /**
   * Waits as `Prefer: wait` asks and sets `Preference-Applied`. Returns false without waiting when
   * the limit is reached: a server can ignore a preference (RFC 7240 §2), and the job is stored.
   * Throws `Refused` if the token was removed during the wait: UNAUTHORIZED.
   */
  waitFor(
    reply: FastifyReply,
    seconds: number,
    wait: (signal: AbortSignal) => Promise<void>,
  ): Promise<boolean>;
}

/**
 * Lets go of the parsed body before a wait. The job is stored, and the body's bytes count no longer.
 * The caller must not have the body in a variable either.
 */
export function forgetBody(request: FastifyRequest): void {
  request.body = undefined;
}

export function createWaits(options: {
  maxWaits: number;
  onRefused: () => void;
  /** Aborted when the server closes. */
  closing: AbortSignal;
}): Waits {
  const { maxWaits, onRefused, closing } = options;
  let waiting = 0;

  const hold: Waits["hold"] = async (reply, timeoutMs, wait) => {
    if (waiting >= maxWaits) {
      onRefused();
      return false;
    }
    waiting += 1;
    const { request } = reply;
    try {
      request.releaseSlot?.();
      await wait(createWaitSignal(reply, { closing, timeoutMs }));
      // Many requests can wait for one batch. They must not all read its outputs at the same time.
      await request.reacquireSlot?.();
      return true;
    } finally {
      waiting -= 1;
    }
  };

  return {
    count: () => waiting,
    hold,
    async waitFor(reply, seconds, wait) {
      if (!(await hold(reply, seconds * 1000, wait))) return false;
      reply.header("preference-applied", `wait=${seconds}`);
      requireStillAllowed(reply);
      return true;
    },
  };
}
