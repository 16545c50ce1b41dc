import type { FastifyReply, FastifyRequest } from "fastify";
import { requireStillAllowed } from "./auth.ts";
import { createWaitSignal } from "./wait-signal.ts";

export interface Waits {
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
  return {
    async waitFor(reply, seconds, wait) {
      if (waiting >= maxWaits) {
        onRefused();
        return false;
      }
      waiting += 1;
      const { request } = reply;
      try {
        reply.header("preference-applied", `wait=${seconds}`);
        request.releaseSlot?.();
        await wait(createWaitSignal(reply, { closing, timeoutMs: seconds * 1000 }));
        // Many requests can wait for one batch. They must not all read its outputs at the same time.
        await request.reacquireSlot?.();
        requireStillAllowed(reply);
        return true;
      } finally {
        waiting -= 1;
      }
    },
  };
}
