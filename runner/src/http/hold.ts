import type { FastifyReply } from "fastify";

/** For an answer that waits for something to happen. Aborted when the client has gone, the server closes, or `timeoutMs` have passed. */
export function holdSignal(
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
