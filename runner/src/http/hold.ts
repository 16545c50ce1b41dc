import type { FastifyReply } from "fastify";

/** For an answer that waits for something to happen. Aborted when the client has gone, the server closes, or `timeoutMs` have passed. */
export function holdSignal(
  reply: FastifyReply,
  until: { closing: AbortSignal; timeoutMs?: number },
): AbortSignal {
  reply.request.leave?.();
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer =
    until.timeoutMs === undefined ? undefined : setTimeout(abort, until.timeoutMs).unref();
  until.closing.addEventListener("abort", abort, { once: true });
  if (until.closing.aborted) abort();
  reply.raw.once("close", () => {
    clearTimeout(timer);
    until.closing.removeEventListener("abort", abort);
    abort();
  });
  return controller.signal;
}
