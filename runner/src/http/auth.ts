import type { KnownTokens } from "../ports/known-tokens.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import { includes } from "../domain/scope.ts";
import type { RouteContract } from "./contract/route-contract.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The token's name, for the log. Null for the daemon's own token and without a token. */
    tokenName: string | null;
    /** Returns whether the token still exists and still has the route's scope. Null without a token. */
    isStillAllowed: (() => boolean) | null;
  }
  interface FastifyContextConfig {
    access?: RouteContract["access"];
    browser?: boolean;
    /** Whether the route responds with HTML. */
    isPage?: boolean;
  }
}

const WHERE_TOKENS_ARE =
  "The daemon's own token is the value of PLAYGROUND_TOKEN or, without that, in the file `token` of its data folder. `playground-runner tokens add` creates others.";
const BEARER = 'Bearer realm="playground"';
const BASIC = 'Basic realm="playground", charset="UTF-8"';

/** The password in HTTP Basic credentials, or null. The user name is ignored. */
function passwordOf(credentials: string): string | null {
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? null : text.slice(colon + 1);
}

/**
 * Checks the request's token and stores its name. Throws `Refused`: UNAUTHORIZED, INSUFFICIENT_SCOPE.
 * HTTP Basic is accepted only on pages for browsers: a browser sends it automatically, so on other
 * routes any web page could act with it.
 */
export function createAuth(tokens: KnownTokens) {
  return function authenticate(request: FastifyRequest, reply: FastifyReply): void {
    // A route without a declared scope needs `admin`. An unknown route needs any token.
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
          ? `The request has no token. Send the header \`Authorization: Bearer TOKEN\`. ${WHERE_TOKENS_ARE}`
          : `The token in the Authorization header is unknown or was removed. ${WHERE_TOKENS_ARE}`,
      );
    }
    request.tokenName = caller.name;
    if (includes(caller.scope, access)) {
      request.isStillAllowed = () => {
        const now = given === null ? null : tokens.find(given);
        return now !== null && includes(now.scope, access);
      };
      return;
    }
    reply.header("www-authenticate", `${BEARER}, error="insufficient_scope", scope="${access}"`);
    throw new Refused(
      "INSUFFICIENT_SCOPE",
      `This request needs a token with the scope ${access}. The token "${caller.name}" has the scope ${caller.scope}.`,
    );
  };
}

/** Called after a wait, before its result is read. Throws `Refused`: UNAUTHORIZED. */
export function requireStillAllowed(reply: FastifyReply): void {
  if (reply.request.isStillAllowed?.() ?? true) return;
  reply.header("www-authenticate", BEARER);
  throw new Refused(
    "UNAUTHORIZED",
    "The token was removed, or its scope was reduced, while the request waited.",
  );
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
