/**
 * What happens to the rest of a body after its response. A connection that is closed while data
 * arrives is reset, and the client can lose the response. So some of the data is read and dropped,
 * and the client has time to read its response before the connection is closed.
 */
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

/** A body of this declared length is read in full, and the connection stays open. */
const MAX_DISCARDED_BYTES = 256 * 1024;
/** How long the client has for its response before the connection is closed. */
const CLOSE_AFTER_MS = 1_000;

/** Whether the response must say that the connection closes: the client could otherwise reuse it. */
export function leavesLargeRest({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  const length = Number(headers["content-length"] ?? 0);
  return headers["transfer-encoding"] !== undefined || length > MAX_DISCARDED_BYTES;
}

export function registerDiscard(app: FastifyInstance): void {
  app.addHook("onSend", (...[request, reply, payload, done]) => {
    if (leavesLargeRest(request.raw)) reply.header("connection", "close");
    done(null, payload);
  });
  app.server.on("request", (request, response) => {
    // Runs before Node's own listener, which drops everything or closes the connection immediately.
    response.prependOnceListener("finish", () => {
      if (!request.complete && !request.destroyed) discardRest(request);
    });
  });
}

function discardRest(request: IncomingMessage): void {
  const { socket } = request;
  // Node calls this after a request or a response with `Connection: close`.
  socket.destroySoon = () => socket.end();
  const timer = setTimeout(() => socket.destroy(), CLOSE_AFTER_MS);
  let discarded = 0;
  request.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    // The client's further data waits in its own buffers.
    if (discarded > MAX_DISCARDED_BYTES) request.pause();
  });
  request.once("end", () => {
    if (socket.writable) clearTimeout(timer);
  });
  request.on("error", () => {});
  // Without a read, Node would remove the listener above and read everything.
  request.read(0);
  request.resume();
}
