import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * Closes connections without a request when the server closes. Browsers and proxies open some ahead, and
 * Node does not count them as idle: the close would wait for them until the timeout of their headers.
 */
export function registerUnusedConnections(app: FastifyInstance, closing: AbortSignal): void {
  const unused = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  app.server.on("request", ({ socket }) => unused.delete(socket));
  closing.addEventListener("abort", () => {
    for (const socket of unused) socket.destroy();
  });
}
