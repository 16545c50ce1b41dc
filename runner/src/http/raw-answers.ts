/** What Node's HTTP server would answer, or drop, before the app sees it: made to fit the contract. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { Refused } from "../domain/errors.ts";
import { PROBLEM_JSON } from "./contract/problem.ts";
import { toRefusal } from "./error-map.ts";

/** Answers what the parser could not read, then closes: where the next request begins is unknown. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  endWith(Object.assign(error, { statusCode: 400 }), socket);
}

export function registerRawAnswers(app: FastifyInstance): void {
  app.server.on("connect", (_request, socket) =>
    endWith(
      new Refused("METHOD_NOT_ALLOWED", "This is no proxy: it does not take CONNECT."),
      socket,
    ),
  );
  // RFC 9110 §10.1.1 lets an expectation that is not understood be passed over.
  app.server.on("checkExpectation", (request, response) => app.routing(request, response));
  app.addHook("onRequest", (request, _reply, done) => {
    if (request.headers.host !== undefined || request.raw.httpVersion === "1.0") return done();
    done(new Refused("REQUEST_MALFORMED", "The request has no Host header."));
  });
}

/**
 * Ends connections that have taken nothing of an answer for so long: each holds what is sent, and a
 * place at the gate. Without a listener of its own for the timeout, Node closes the connection.
 */
export function registerUnreadTimeout(app: FastifyInstance, timeoutMs: number): void {
  app.server.on("request", (_request, response) => {
    response.once("prefinish", () => response.setTimeout(timeoutMs));
    // Before Node's own listener, which sets how long the connection may then be idle.
    response.prependOnceListener("finish", () => response.setTimeout(0));
  });
}

function endWith(error: Error, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const { problem } = toRefusal(error, "");
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM_JSON}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
