import { hash, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import type { RouteContract } from "./contract/route-contract.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    access?: RouteContract["access"];
  }
}

const BEARER = 'Bearer realm="playground"';
const BASIC = 'Basic realm="playground", charset="UTF-8"';

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** The password of HTTP Basic credentials, whatever the user name is; null when there is none. */
function passwordOf(credentials: string): string | null {
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? null : text.slice(colon + 1);
}

/**
 * Throws `Refused("UNAUTHORIZED")` unless the request carries the token. Basic is taken on pages
 * made for browsers alone: a browser sends it by itself, so elsewhere it would let any web page act.
 */
export function createAuth(token: string) {
  const expected = digest(token);
  // Digests are of one length, so that comparing them tells nothing of the token, its length included.
  const isToken = (given: string): boolean => timingSafeEqual(digest(given), expected);

  return function authenticate(request: FastifyRequest, reply: FastifyReply): void {
    const access = request.is404 ? "token" : (request.routeOptions.config.access ?? "token");
    if (access === "open") return;
    const [, scheme, credentials] =
      /^(\S+) +(\S+) *$/.exec(request.headers.authorization ?? "") ?? [];
    if (scheme !== undefined && credentials !== undefined) {
      const kind = scheme.toLowerCase();
      const password = access === "browser" && kind === "basic" ? passwordOf(credentials) : null;
      if (kind === "bearer" && isToken(credentials)) return;
      if (password !== null && isToken(password)) return;
    }
    reply.header("www-authenticate", access === "browser" ? [BASIC, BEARER] : BEARER);
    throw new Refused(
      "UNAUTHORIZED",
      scheme === undefined
        ? "The request has no token. Send it as the header `Authorization: Bearer TOKEN`; the daemon prints it on its first start and keeps it in its data directory."
        : "The token in the Authorization header is not this daemon's.",
    );
  };
}
