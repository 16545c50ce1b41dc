import type { FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import { includes, type Scope } from "../domain/scope.ts";
import type { Caller, KnownTokens } from "../ports/known-tokens.ts";
import type { Session, Sessions } from "../ports/sessions.ts";
import type { RouteContract } from "./contract/route-contract.ts";
import { sessionIds } from "./session-cookie.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The owner of the request's token. Null without a token, and on open routes. */
    caller: Caller | null;
    /** The session that stands for the token. Null for a request with a bearer token. */
    session: Session | null;
    /** Returns whether the token still exists and still has the route's scope. Null without a token. */
    isStillAllowed: (() => boolean) | null;
  }
  interface FastifyContextConfig {
    access?: RouteContract["access"];
    /** Whether a signed link is good in place of a token. */
    isSigned?: boolean;
    /** Whether the route responds with HTML. */
    isPage?: boolean;
  }
}

const WHERE_TOKENS_ARE =
  "The daemon's own token is the value of PLAYGROUND_TOKEN or, without that, in the file `token` of its data folder. `playground-runner tokens add` creates others.";
export const BEARER = 'Bearer realm="playground"';
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Finds out whose the request is: by its bearer token or, without one, by its session cookie. Throws
 * `Refused`: UNAUTHORIZED, INSUFFICIENT_SCOPE, ORIGIN_REFUSED, LINK_INVALID.
 */
export function createAuth({
  tokens,
  sessions,
  checkLink,
}: {
  readonly tokens: KnownTokens;
  readonly sessions: Pick<Sessions, "find" | "look">;
  /** Checks a link to a file. Throws `Refused`: LINK_INVALID. */
  readonly checkLink: (request: FastifyRequest) => void;
}) {
  function findSession({ headers }: FastifyRequest) {
    for (const id of sessionIds(headers)) {
      const session = sessions.find(id);
      if (session !== null) return { id, session };
    }
    return null;
  }

  /** Null if nothing can be found out about the request's session that is not known. */
  function look(request: FastifyRequest): Promise<unknown> | null {
    const { access } = request.routeOptions.config;
    if (access === "open" || bearerIn(request) !== null || isLink(request)) return null;
    const ids = sessionIds(request.headers);
    if (ids.length === 0 || findSession(request) !== null) return null;
    const looks = ids.map((id) => sessions.look(id)).filter((each) => each !== null);
    return looks.length === 0 ? null : Promise.all(looks);
  }

  function authenticate(request: FastifyRequest, reply: FastifyReply): void {
    // A route without a declared scope needs `admin`. An unknown route needs any token.
    const { access = request.is404 ? "read" : "admin" } = request.routeOptions.config;
    if (access === "open") return;
    const token = bearerIn(request);
    if (token === null && isLink(request)) return checkLink(request);
    const login = token === null ? findSession(request) : null;
    const find = (): Caller | null => {
      if (token !== null) return tokens.find(token);
      return login === null ? null : (sessions.find(login.id)?.caller ?? null);
    };
    const caller = find();
    if (caller === null) {
      reply.header("www-authenticate", BEARER);
      throw new Refused("UNAUTHORIZED", whyUnauthorized(request, token));
    }
    // A browser sends the cookie with the requests of every page of the host, on any port.
    if (login !== null && !SAFE_METHODS.has(request.method) && !isSameOrigin(request)) {
      throw refuseOrigin(request);
    }
    // After a logout, the browser must not show what it has seen from its cache.
    if (login !== null) reply.header("cache-control", "no-store");
    request.caller = caller;
    request.session = login?.session ?? null;
    requireScope(reply, access);
    request.isStillAllowed = () => {
      const now = find();
      return now !== null && includes(now.scope, access);
    };
  }

  /** Waits only for a session that another daemon can have opened just now. */
  return (request: FastifyRequest, reply: FastifyReply): Promise<void> | null => {
    const looking = look(request);
    if (looking !== null) return looking.then(() => authenticate(request, reply));
    authenticate(request, reply);
    return null;
  };
}

function isLink({ routeOptions, query }: FastifyRequest): boolean {
  return routeOptions.config.isSigned === true && (query as { sig?: unknown }).sig !== undefined;
}

function bearerIn({ headers }: FastifyRequest): string | null {
  const [, token] = /^bearer +(\S+) *$/i.exec(headers.authorization ?? "") ?? [];
  return token ?? null;
}

function whyUnauthorized({ headers }: FastifyRequest, token: string | null): string {
  if (token !== null) {
    return `The token in the Authorization header is unknown or was removed. ${WHERE_TOKENS_ARE}`;
  }
  if (sessionIds(headers).length > 0) {
    return "The session has ended, or its token was removed. Log in again.";
  }
  return `The request has no token. Send the header \`Authorization: Bearer TOKEN\`. ${WHERE_TOKENS_ARE}`;
}

/**
 * Whether a page of the daemon sent the request. Browsers say it in `Sec-Fetch-Site`. Those that do
 * not (old ones, and all over plain HTTP) send `Origin`, which the host guard has checked.
 */
export function isSameOrigin({ headers }: Pick<FastifyRequest, "headers">): boolean {
  const site = headers["sec-fetch-site"];
  return site === undefined ? headers.origin !== undefined : site === "same-origin";
}

export function refuseOrigin({ headers }: Pick<FastifyRequest, "headers">): Refused {
  const site = headers["sec-fetch-site"];
  const found = site === undefined ? "is missing" : `is ${JSON.stringify(site)}`;
  return new Refused(
    "ORIGIN_REFUSED",
    `The Sec-Fetch-Site header ${found}: a login, and a request that changes something with a session cookie, must be sent by a page of the daemon. Its browser says "same-origin" there, or sends its Origin. Programs send a bearer token.`,
  );
}

/**
 * Also for a route whose body decides what the token must be allowed to do. Throws `Refused`:
 * INSUFFICIENT_SCOPE.
 */
export function requireScope(reply: FastifyReply, scope: Scope): void {
  const { caller } = reply.request;
  if (caller !== null && includes(caller.scope, scope)) return;
  reply.header("www-authenticate", `${BEARER}, error="insufficient_scope", scope="${scope}"`);
  throw new Refused(
    "INSUFFICIENT_SCOPE",
    `This request needs a token with the scope ${scope}. The token "${caller?.name}" has the scope ${caller?.scope}.`,
  );
}

/** Called after a wait, before its result is read. Throws `Refused`: UNAUTHORIZED. */
export function requireStillAllowed(reply: FastifyReply): void {
  if (reply.request.isStillAllowed?.() ?? true) return;
  reply.header("www-authenticate", BEARER);
  throw new Refused(
    "UNAUTHORIZED",
    "The token was removed, its scope was reduced, or the session ended, while the request waited.",
  );
}
