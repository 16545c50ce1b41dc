import type { FastifyRequest } from "fastify";

type Headers = FastifyRequest["headers"];

/** 32 bytes in base64url. */
const ID = /^[\w-]{43}$/;

/**
 * Browsers send a host's cookies to all of its ports. The port in the name keeps two daemons on one
 * machine apart.
 */
function nameFor({ host = "" }: Headers): string {
  const [, port] = /:(\d{1,5})$/.exec(host) ?? [];
  return port === undefined ? "playground_session" : `playground_session_${port}`;
}

/** The ids in the request's session cookies: more than one if cookies with several paths apply. */
export function sessionIds(headers: Headers): string[] {
  const name = nameFor(headers);
  return (headers.cookie ?? "")
    .split(";")
    .map((pair) => pair.trim().split("="))
    .filter(([key, value = "", ...rest]) => key === name && ID.test(value) && rest.length === 0)
    .map(([, value = ""]) => value);
}

interface CookieSettings {
  readonly publicUrl: string | undefined;
  readonly basePath: string;
  readonly sessionMs: number;
}

/**
 * Returns how to write the cookie for the address at which the browser sees the daemon. A browser says
 * it in `Origin`, which the host guard has checked. Behind a proxy, no other header is reliable.
 */
export function createSessionCookie({ publicUrl, basePath, sessionMs }: CookieSettings) {
  const publicOrigin = publicUrl === undefined ? null : new URL(publicUrl).origin;

  function write(headers: Headers, value: string, maxAgeSeconds: number): string {
    const origin = headers.origin ?? publicOrigin ?? "";
    const path = origin === publicOrigin ? `${basePath}/` : "/";
    const secure = origin.startsWith("https:") ? "; Secure" : "";
    return `${nameFor(headers)}=${value}; Path=${path}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
  }

  return {
    set: (headers: Headers, id: string) => write(headers, id, Math.floor(sessionMs / 1000)),
    clear: (headers: Headers) => write(headers, "", 0),
  };
}
