import { isIP } from "node:net";
import { refusalOf, type EgressPolicy } from "./policy.ts";

/**
 * Why the URL can never be connected to, as far as its own text tells: an address is judged, a
 * name waits for its look-up at connect time. The URL parser has turned every spelling of an IPv4
 * address (decimal, hex, octal, short) into four numbers.
 */
export function urlRefusal(url: string, policy: EgressPolicy): string | null {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? null : refusalOf(host, policy);
}
