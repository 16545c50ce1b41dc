/**
 * Keeps web pages out, which a browser on this machine lets send requests to loopback. A page that
 * rebound its own name to the daemon's address sends that name as `Host`, so names must be known.
 * Addresses need not be, for there is no name to rebind; nor names that nobody can register: those
 * without a dot (a container's, or a machine's on the local network) and Docker's under `.internal`.
 * A page of another origin sends its `Origin`.
 */
import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";

export interface HostSettings {
  /** Where it listens. */
  readonly host: string;
  readonly publicUrl: string | undefined;
  /** Names beside `localhost` and those of the two above. */
  readonly allowedHosts: readonly string[];
}

/** A name or an address, and perhaps a port; what else a Host header may hold, nobody sends. */
const HOST = /^(?:\[([\da-f:.]{2,45})\]|([\w.-]{1,253}))(?::\d{1,5})?$/i;

function nameIn(host: string): string | null {
  const [, address, name] = HOST.exec(host) ?? [];
  return address ?? name?.toLowerCase().replace(/\.$/, "") ?? null;
}

/** Digits alone are an address in disguise. */
function isLocal(name: string): boolean {
  return name.includes(".") ? name.endsWith(".internal") : /\D/.test(name);
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
      `The Host header is ${JSON.stringify(given)}: it must be an IP address, a name without a dot or under .internal, ${[...known].join(" or ")}. If clients reach the daemon under another name, set PLAYGROUND_PUBLIC_URL or add the name to PLAYGROUND_ALLOWED_HOSTS.`,
    );
  }

  function checkOrigin(origin: string, askedFor: string): void {
    const parts = URL.canParse(origin) ? new URL(origin) : null;
    if (parts !== null && parts.host !== "") {
      if (parts.host === askedFor.toLowerCase() || parts.origin === publicParts?.origin) return;
    }
    throw new Refused(
      "ORIGIN_REFUSED",
      `The request comes from a page of ${JSON.stringify(origin)}, which is not the daemon's own. If that is where clients reach the daemon, set PLAYGROUND_PUBLIC_URL to it.`,
    );
  }

  return function checkAddressed({ headers, raw }: Pick<FastifyRequest, "headers" | "raw">): void {
    if (hasTwoHosts(raw.rawHeaders)) {
      throw new Refused("REQUEST_MALFORMED", "The request has more than one Host header.");
    }
    // Only HTTP/1.0 gets here without one, which no browser sends.
    if (headers.host !== undefined) checkHost(headers.host);
    if (headers.origin !== undefined) checkOrigin(headers.origin, headers.host ?? "");
  };
}

/** Node keeps the first and drops the others (RFC 9112 §3.2 has such a request refused). */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts > 1;
}
