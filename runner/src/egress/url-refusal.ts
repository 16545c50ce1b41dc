import { isIP } from "node:net";
import { refusalOf, type EgressPolicy } from "./policy.ts";

/**
 * Why the policy forbids the URL's IP address, or null. A name is checked later, when it is
 * resolved. The URL parser has already turned every spelling of an IPv4 address (decimal, hex,
 * octal, short) into four numbers.
 */
export function urlRefusal(url: string, policy: EgressPolicy): string | null {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? null : refusalOf(host, policy);
}
