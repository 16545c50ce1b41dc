import type { KnownTokens } from "../ports/known-tokens.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import { includes } from "../domain/scope.ts";
import type { RouteContract } from "./contract/route-contract.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Of the token, for the log; null for the daemon's own, or without one. */
    tokenName: string | null;
    /** Whether its token would be let in again; null without one. */
    isStillKnown: (() => boolean) | null;
  }
  interface FastifyContextConfig {
    access?: RouteContract["access"];
    browser?: boolean;
  }
}

const WHERE_TOKENS_ARE =
  "the daemon has its own from PLAYGROUND_TOKEN, or made it at its first start and keeps it in the file `token` of its data folder, and `playground-runner tokens add` makes others";
const BEARER = 'Bearer realm="playground"';
const BASIC = 'Basic realm="playground", charset="UTF-8"';

/** The password of HTTP Basic credentials, whatever the user name is; null when there is none. */
function passwordOf(credentials: string): string | null {
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? null : text.slice(colon + 1);
}

/**
 * Notes whose token the request carries, where one is needed. Throws `Refused`: UNAUTHORIZED,
 * INSUFFICIENT_SCOPE. Basic is taken on pages made for browsers alone: a browser sends it by
 * itself, so elsewhere it would let any web page act.
 */
export function createAuth(tokens: KnownTokens) {
  return function authenticate(request: FastifyRequest, reply: FastifyReply): void {
    // What says nothing of itself is for the admin; what is not there, for whoever has a token.
    const { access = request.is404 ? "read" : "admin", browser = false } =
      request.routeOptions.config;
    if (access === "open") return;
    const [, scheme, credentials] =
      /^(\S+) +(\S+) *$/.exec(request.headers.authorization ?? "") ?? [];
    const given = tokenIn({ scheme: scheme?.toLowerCase(), credentials, browser });
    const caller = given === null ? null : tokens.find(given);
    if (caller === null) {
      reply.header("www-authenticate", browser ? [BASIC, BEARER] : BEARER);
      throw new Refused(
        "UNAUTHORIZED",
        scheme === undefined
          ? `The request has no token. Send it as the header \`Authorization: Bearer TOKEN\`; ${WHERE_TOKENS_ARE}.`
          : `The token in the Authorization header is not known, or was removed: ${WHERE_TOKENS_ARE}.`,
      );
    }
    request.tokenName = caller.name;
    if (includes(caller.scope, access)) {
      request.isStillKnown = () => given !== null && tokens.find(given) !== null;
      return;
    }
    reply.header("www-authenticate", `${BEARER}, error="insufficient_scope", scope="${access}"`);
    throw new Refused(
      "INSUFFICIENT_SCOPE",
      `This call needs a token with the scope ${access}; the token "${caller.name}" has ${caller.scope}.`,
    );
  };
}

function tokenIn(given: {
  scheme: string | undefined;
  credentials: string | undefined;
  browser: boolean;
}): string | null {
  const { scheme, credentials, browser } = given;
  if (credentials === undefined) return null;
  if (scheme === "bearer") return credentials;
  return browser && scheme === "basic" ? passwordOf(credentials) : null;
}
