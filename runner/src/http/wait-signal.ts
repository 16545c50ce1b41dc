import type { FastifyReply } from "fastify";

/**
 * A signal for a request that waits before it is answered. It aborts when the client disconnects,
 * when the server closes, or after `timeoutMs`.
 */
export function createWaitSignal(
  reply: FastifyReply,
  until: { closing: AbortSignal; timeoutMs?: number },
): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer =
    until.timeoutMs === undefined ? undefined : setTimeout(abort, until.timeoutMs).unref();
  until.closing.addEventListener("abort", abort, { once: true });
  const end = (): void => {
    clearTimeout(timer);
    until.closing.removeEventListener("abort", abort);
    abort();
  };
  if (until.closing.aborted || reply.raw.destroyed) end();
  else reply.raw.once("close", end);
  return controller.signal;
}
