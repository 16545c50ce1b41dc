/** Requests that Node's HTTP server answers or drops before the app sees them. Here they get a response that fits the contract. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { Refused } from "../domain/errors.ts";
import { PROBLEM_JSON } from "./contract/problem.ts";
import { NOSNIFF } from "./nosniff.ts";
import { toRefusal } from "./error-map.ts";
import { isReceivingFile } from "./receive-file.ts";

/** Unless the request timeout is shorter. */
const UNREAD_TIMEOUT_MS = 30_000;

/** Responds to a request that the parser could not read, then closes: the next request's start is unknown. */
export function createClientErrorHandler(basePath: string) {
  return (error: Error & { code?: string }, socket: Duplex): void => {
    if (error.code === "ECONNRESET" || socket.destroyed) return;
    // The rate of an upload is limited, not its time.
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && isReceivingFile(socket)) return;
    endWith(Object.assign(error, { statusCode: 400 }), { socket, basePath });
  };
}

export function registerRawResponses(app: FastifyInstance, basePath: string): void {
  app.server.on("connect", (_request, socket) =>
    endWith(
      new Refused("METHOD_NOT_ALLOWED", "The daemon is not a proxy and does not support CONNECT."),
      { socket, basePath },
    ),
  );
  // RFC 9110 §10.1.1 allows a server to ignore an expectation that it does not understand.
  app.server.on("checkExpectation", (request, response) => app.routing(request, response));
  app.addHook("onRequest", (request, _reply, done) => {
    if (request.headers.host !== undefined || request.raw.httpVersion === "1.0") return done();
    done(new Refused("REQUEST_MALFORMED", "The request has no Host header."));
  });
}

interface Timeouts {
  readonly requestTimeoutMs: number;
}

/** How long a client can leave its response unread. */
export function unreadTimeoutMsOf({ requestTimeoutMs }: Timeouts): number {
  return Math.min(UNREAD_TIMEOUT_MS, requestTimeoutMs);
}

/**
 * Closes connections whose client has read nothing of its response for a time: each one keeps a
 * response in memory and a slot. Node closes the connection because no listener handles the timeout.
 */
export function registerUnreadTimeout(app: FastifyInstance, settings: Timeouts): void {
  const timeoutMs = unreadTimeoutMsOf(settings);
  app.server.on("request", (_request, response) => {
    response.once("prefinish", () => response.setTimeout(timeoutMs));
    // Runs before Node's own listener, which then sets the timeout of the idle connection.
    response.prependOnceListener("finish", () => response.setTimeout(0));
  });
}

function endWith(
  error: Error,
  { socket, basePath }: { readonly socket: Duplex; readonly basePath: string },
): void {
  if (!socket.writable) return void socket.destroy();
  const { problem } = toRefusal(error, { requestId: "", basePath });
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM_JSON}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
    ...Object.entries(NOSNIFF).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
