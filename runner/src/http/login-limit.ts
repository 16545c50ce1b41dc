import { isIPv6 } from "node:net";
import { Refused } from "../domain/errors.ts";

const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Addresses that are counted at once. More of them forget the oldest. */
const MAX_ADDRESSES = 10_000;

export interface LoginLimit {
  /** Throws `Refused`: TOO_MANY_LOGINS. */
  check(address: string): void;
  failed(address: string): void;
}

/** Limits failed logins to ten a minute from one address, or one IPv6 network of 64 bits. */
export function createLoginLimit(now: () => number): LoginLimit {
  const failures = new Map<string, { count: number; readonly until: number }>();

  function countOf(network: string) {
    const known = failures.get(network);
    if (known !== undefined && known.until > now()) return known;
    failures.delete(network);
    return null;
  }

  return {
    check(address) {
      const known = countOf(networkOf(address));
      if (known === null || known.count < MAX_FAILURES) return;
      const retryAfterMs = known.until - now();
      throw new Refused(
        "TOO_MANY_LOGINS",
        `${MAX_FAILURES} logins from this address failed within a minute. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
        { retryAfterMs },
      );
    },
    failed(address) {
      const network = networkOf(address);
      const known = countOf(network);
      if (known !== null) {
        known.count += 1;
        return;
      }
      failures.set(network, { count: 1, until: now() + WINDOW_MS });
      const [oldest = ""] = failures.keys();
      if (failures.size > MAX_ADDRESSES) failures.delete(oldest);
    },
  };
}

/** The first 64 bits of an IPv6 address: one client usually has all addresses below them. */
function networkOf(address: string): string {
  const [, ipv4] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  if (ipv4 !== undefined || !isIPv6(address)) return ipv4 ?? address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing =
    tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter(Boolean).length;
  return [...groups, ...Array<string>(missing).fill("0"), ...(tail ?? "").split(":")]
    .slice(0, 4)
    .join(":");
}
