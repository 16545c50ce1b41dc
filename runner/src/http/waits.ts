import type { FastifyReply } from "fastify";
import { holdSignal } from "./hold.ts";

export interface Waits {
  /**
   * Waits as `Prefer: wait` asks, and says so in the answer. One wait too many is not made: the
   * preference may be passed over (RFC 7240 §2), and a job that is stored cannot be refused.
   */
  hold(
    reply: FastifyReply,
    seconds: number,
    wait: (signal: AbortSignal) => Promise<void>,
  ): Promise<boolean>;
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
    async hold(reply, seconds, wait) {
      if (waiting >= maxWaits) {
        onRefused();
        return false;
      }
      waiting += 1;
      const { request } = reply;
      try {
        reply.header("preference-applied", `wait=${seconds}`);
        request.leave?.();
        await wait(holdSignal(reply, { closing, timeoutMs: seconds * 1000 }));
        // Many may wait for one batch: they must not all read its outputs at once.
        await request.reacquire?.();
        return true;
      } finally {
        waiting -= 1;
      }
    },
  };
}
