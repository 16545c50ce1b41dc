/**
 * Refuses requests from other sites' pages. A local browser can send them to loopback.
 *
 * DNS rebinding: a page that points its own name at the daemon's address sends that name as `Host`,
 * so a name must be known. An IP address need not be known, because it cannot be rebound. The same
 * is true for names that nobody can register: names without a dot (of containers and of machines on
 * the local network), Docker's names under `.internal`, and names under `.localhost`, which browsers
 * resolve to loopback (RFC 6761 §6.3).
 *
 * Cross-site requests: a page of another origin sends its `Origin`.
 */
import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";

export interface HostSettings {
  /** The address that the daemon listens on. */
  readonly host: string;
  readonly publicUrl: string | undefined;
  /** Names that are allowed in addition to `localhost`, `host` and the name in `publicUrl`. */
  readonly allowedHosts: readonly string[];
}

/** A name or an address with an optional port. Clients send no other form of Host header. */
const HOST = /^(?:\[([\da-f:.]{2,45})\]|([\w.-]{1,253}))(?::\d{1,5})?$/i;

function nameIn(host: string): string | null {
  const [, address, name] = HOST.exec(host) ?? [];
  return address ?? name?.toLowerCase().replace(/\.$/, "") ?? null;
}

/** A name of only digits is an IP address in another notation. */
function isLocal(name: string): boolean {
  return name.includes(".") ? /\.(?:internal|localhost)$/.test(name) : /\D/.test(name);
}

/** Throws `Refused`: HOST_REFUSED, ORIGIN_REFUSED, REQUEST_MALFORMED. */
export function createHostGuard({ host, publicUrl, allowedHosts }: HostSettings) {
  const publicParts = publicUrl === undefined ? null : new URL(publicUrl);
  const known = new Set(
    ["localhost", host, ...(publicParts === null ? [] : [publicParts.hostname]), ...allowedHosts]
      .map((name) => name.toLowerCase())
      .filter((name) => name !== ""),
  );

  function checkHost(given: string): void {
    const name = nameIn(given);
    if (name !== null && (known.has(name) || isIP(name) !== 0 || isLocal(name))) return;
    throw new Refused(
      "HOST_REFUSED",
      `The Host header is ${JSON.stringify(given)}: it must be an IP address, a name without a dot or under .internal or .localhost, ${[...known].join(" or ")}. If clients reach the daemon under another name, set PLAYGROUND_PUBLIC_URL or add the name to PLAYGROUND_ALLOWED_HOSTS.`,
    );
  }

  function checkOrigin(origin: string, hostHeader: string): void {
    const parts = URL.canParse(origin) ? new URL(origin) : null;
    if (parts !== null && parts.host !== "") {
      if (parts.host === hostHeader.toLowerCase() || parts.origin === publicParts?.origin) return;
    }
    throw new Refused(
      "ORIGIN_REFUSED",
      `The Origin header is ${JSON.stringify(origin)}: it must be the daemon's own origin. If clients reach the daemon under this origin, set PLAYGROUND_PUBLIC_URL to it.`,
    );
  }

  return function checkAddressed({ headers, raw }: Pick<FastifyRequest, "headers" | "raw">): void {
    if (hasTwoHosts(raw.rawHeaders)) {
      throw new Refused("REQUEST_MALFORMED", "The request has more than one Host header.");
    }
    // Only HTTP/1.0 requests arrive without a Host header, and browsers do not send HTTP/1.0.
    if (headers.host !== undefined) checkHost(headers.host);
    if (headers.origin !== undefined) checkOrigin(headers.origin, headers.host ?? "");
  };
}

/** Node uses the first Host header and drops the others. RFC 9112 §3.2 requires refusing the request. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts > 1;
}
