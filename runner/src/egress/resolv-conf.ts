/**
 * The part of /etc/resolv.conf that c-ares does not apply to a single query: which names to ask for.
 * c-ares also reads its name servers only once, at the start.
 */
import { isIP } from "node:net";

export interface ResolvConf {
  /** As `address` or `address:port`, without zones, which c-ares can only read itself. */
  readonly servers: readonly string[];
  readonly search: readonly string[];
  /** A name with fewer dots is tried with the search domains first. */
  readonly ndots: number;
}

/** glibc's limit of `ndots`. */
const MAX_NDOTS = 15;

/** Of several `search` and `domain` lines, the last counts (resolv.conf(5)). */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/^\s*[#;].*|\s[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && isServer(values[0])) servers.push(values[0]);
    if (keyword === "search") search = values.map(toDomain).filter((domain) => domain !== "");
    if (keyword === "domain") search = values.slice(0, 1).map(toDomain);
    if (keyword === "options") {
      const given = values.findLast((value) => /^ndots:\d+$/.test(value));
      if (given !== undefined) ndots = Math.min(Number(given.slice(6)), MAX_NDOTS);
    }
  }
  return { servers, search, ndots };
}

/** The names to ask for, in this order. A name that ends with a dot is absolute. */
export function candidates(hostname: string, { search, ndots }: ResolvConf): readonly string[] {
  if (hostname.endsWith(".")) return [hostname.slice(0, -1)];
  const longer = search.map((domain) => `${hostname}.${domain}`);
  const dots = hostname.split(".").length - 1;
  return dots >= ndots ? [hostname, ...longer] : [...longer, hostname];
}

function isServer(text: string | undefined): text is string {
  if (text === undefined || text.includes("%")) return false;
  return isIP(text.replace(/^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$/, "$1$2")) > 0;
}

function toDomain(text: string): string {
  return text.toLowerCase().replace(/^\.|\.$/g, "");
}
