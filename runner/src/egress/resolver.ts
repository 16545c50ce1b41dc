/**
 * Resolves names without the thread pool, so that a dead name server cannot block file access or
 * other names. It reads the hosts file, then asks DNS with a deadline and a small cache, then asks
 * the system (mDNS, search domains) for at most two names at a time.
 */
import { lookup, Resolver } from "node:dns/promises";
import { readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Returns all addresses of a name, at least one. Rejects with a code such as ENOTFOUND or ETIMEOUT.
 */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface ResolverOptions {
  /** Name servers as `address:port`. Default: the system's name servers. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  readonly now?: () => number;
}

const TIMEOUT_MS = 3_000;
const TRIES = 2;
/** How long to wait for the second address family after the first (RFC 8305 §3). */
const RESOLUTION_DELAY_MS = 50;
const CACHE_MS = 10_000;
const CACHE_SIZE = 1_000;
/** The system's lookup shares four threads with file access. It uses at most two of them. */
const SYSTEM_LOOKUPS = 2;
const SYSTEM_TIMEOUT_MS = 10_000;

export function createResolver(options: ResolverOptions = {}): Resolve {
  const { servers, hostsFile = "/etc/hosts", now = Date.now } = options;
  const dns = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers !== undefined) dns.setServers(servers);
  const hosts = createHosts(hostsFile);
  const cache = new Map<string, { until: number; found: Promise<readonly string[]> }>();
  let systemLookups = 0;

  async function query(hostname: string): Promise<readonly string[]> {
    const queries = [dns.resolve4(hostname), dns.resolve6(hostname)];
    const found: string[] = [];
    const all = Promise.allSettled(queries.map(async (each) => void found.push(...(await each))));
    // A name server that drops AAAA queries must not delay the result of the A query.
    const first = Promise.any(queries).then(() => sleep(RESOLUTION_DELAY_MS));
    await Promise.race([all, first.catch(() => all)]);
    if (found.length > 0) return [...found];
    const failed = (await all).find((result) => result.status === "rejected");
    const reason = failed?.reason as NodeJS.ErrnoException | undefined;
    if (servers !== undefined || systemLookups >= SYSTEM_LOOKUPS) throw toError(hostname, reason);
    systemLookups += 1;
    try {
      return await withDeadline(lookup(hostname, { all: true }), hostname);
    } finally {
      systemLookups -= 1;
    }
  }

  return async (hostname) => {
    const name = hostname.toLowerCase().replace(/\.$/, "");
    const local = name === "localhost" ? ["127.0.0.1", "::1"] : await hosts(name);
    if (local.length > 0) return local;
    const known = cache.get(name);
    if (known !== undefined && known.until > now()) return known.found;
    const found = query(name);
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? "");
    cache.set(name, { until: now() + CACHE_MS, found });
    // A failure is not cached: the next attempt queries again.
    found.catch(() => cache.delete(name));
    return found;
  };
}

/** Reads the hosts file again after a change. */
function createHosts(path: string): (name: string) => Promise<readonly string[]> {
  let readAt = -1;
  let byName = new Map<string, string[]>();
  return async (name) => {
    try {
      const { mtimeMs } = await stat(path);
      if (mtimeMs !== readAt) {
        byName = parseHosts(await readFile(path, "utf8"));
        readAt = mtimeMs;
      }
    } catch {
      // Without a hosts file there are no local names.
      byName = new Map();
    }
    return byName.get(name) ?? [];
  };
}

function parseHosts(text: string): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().toLowerCase().split(/\s+/);
    for (const name of names) byName.set(name, [...(byName.get(name) ?? []), address ?? ""]);
  }
  return byName;
}

async function withDeadline(
  found: Promise<readonly { address: string }[]>,
  hostname: string,
): Promise<readonly string[]> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(toError(hostname)), SYSTEM_TIMEOUT_MS);
  try {
    return (await Promise.race([found, late])).map(({ address }) => address);
  } finally {
    clearTimeout(timer);
  }
}

function toError(hostname: string, reason?: NodeJS.ErrnoException): Error {
  const code = reason?.code ?? "ETIMEOUT";
  const message = `the name ${hostname} could not be resolved (${code})`;
  return Object.assign(new Error(message, { cause: reason }), { code });
}
