import type { IncomingHttpHeaders } from "node:http";
import { Refused } from "../domain/errors.ts";

/** RFC 9530, and RFC 3230, which it replaces. The three mean the same for a body that is sent as it is. */
const HEADERS = ["content-digest", "repr-digest", "digest"] as const;
const SHA256 = /(?:^|,)\s*sha-256\s*=\s*([^,]*)/i;
/** 32 bytes in base64, between colons in RFC 9530. */
const VALUE = /^:?([A-Za-z0-9+/]{43}=):?$/;

/** Returns the SHA-256 that the client expects, in hex; null if it gives none. Throws `Refused`: BODY_INVALID. */
export function parseDigest(headers: IncomingHttpHeaders): string | null {
  for (const name of HEADERS) {
    const given = headers[name];
    const text = Array.isArray(given) ? given.join(",") : (given ?? "");
    const [, value] = SHA256.exec(text) ?? [];
    if (value === undefined) continue;
    const [, base64] = VALUE.exec(value.trim()) ?? [];
    if (base64 !== undefined) return Buffer.from(base64, "base64").toString("hex");
    const message = `is ${JSON.stringify(text)}: its sha-256 must be 32 bytes in base64, such as sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:`;
    throw new Refused("BODY_INVALID", `The header ${name} ${message}.`, {
      issues: [{ path: `/${name}`, message }],
    });
  }
  return null;
}

/** The header that tells a client the content's SHA-256. */
export function toDigest(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
}
