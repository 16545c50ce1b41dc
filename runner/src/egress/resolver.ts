/**
 * Resolves names without the thread pool, so that a dead name server cannot block file access or
 * other names. It reads the hosts file, then asks DNS with a deadline and a small cache, then asks
 * the system. It applies resolv.conf as the system does: search domains, and changes of the file.
 */
import { Resolver } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createParsedFile } from "./parsed-file.ts";
import { candidates, parseResolvConf, type ResolvConf } from "./resolv-conf.ts";
import { createSystemLookup } from "./system-lookup.ts";
import { systemClock } from "../system/clock.ts";

/**
 * Returns all addresses of a name, at least one. Rejects with a code such as ENOTFOUND or ETIMEOUT.
 */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface ResolverOptions {
  /** Name servers as `address:port`, in place of the system's. Then only they are asked. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  readonly resolvConf?: string;
  readonly now?: () => number;
}

const TIMEOUT_MS = 3_000;
const TRIES = 2;
/** How long to wait for the second address family after the first (RFC 8305 §3). */
const RESOLUTION_DELAY_MS = 50;
const CACHE_MS = 10_000;
const CACHE_SIZE = 1_000;
/** The name servers did not respond. Asking them for another name would take as long. */
const UNREACHABLE: ReadonlySet<string | undefined> = new Set(["ETIMEOUT", "ECONNREFUSED"]);

export function createResolver(options: ResolverOptions = {}): Resolve {
  const { servers, now = () => systemClock.now() } = options;
  const readHosts = createParsedFile(options.hostsFile ?? "/etc/hosts", parseHosts);
  const readConf = createParsedFile(options.resolvConf ?? "/etc/resolv.conf", parseResolvConf);
  const systemLookup = createSystemLookup();
  const cache = new Map<string, { until: number; found: Promise<readonly string[]> }>();
  let applied: ResolvConf | null = null;
  let dns = createDns([]);

  async function applyConf(): Promise<ResolvConf> {
    const conf = await readConf();
    if (conf === applied) return conf;
    applied = conf;
    dns = createDns(servers ?? conf.servers);
    cache.clear();
    return conf;
  }

  async function query(hostname: string, names: readonly string[]): Promise<readonly string[]> {
    let failure: NodeJS.ErrnoException | undefined;
    for (const name of names) {
      const { found, reason } = await queryBothFamilies(dns, name);
      if (found.length > 0) return found;
      failure = reason;
      if (UNREACHABLE.has(reason?.code)) break;
    }
    if (servers !== undefined) throw toError(hostname, failure);
    return (await systemLookup(hostname)).map(({ address }) => address);
  }

  return async (hostname) => {
    const given = hostname.toLowerCase();
    const name = given.replace(/\.$/, "");
    // RFC 6761 §6.3: no name server knows names under localhost.
    if (name === "localhost" || name.endsWith(".localhost")) return ["127.0.0.1", "::1"];
    const local = (await readHosts()).get(name);
    if (local !== undefined) return local;
    const names = candidates(given, await applyConf());
    const key = names.join(" ");
    const known = cache.get(key);
    if (known !== undefined && known.until > now()) return known.found;
    const found = query(given, names);
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? "");
    const entry = { until: now() + CACHE_MS, found };
    cache.set(key, entry);
    // A failure is not cached: the next attempt queries again.
    found.catch(() => cache.get(key) === entry && cache.delete(key));
    return found;
  };
}

/** c-ares reads resolv.conf only when a Resolver is created. Without `servers` it uses the system's. */
function createDns(servers: readonly string[]): Resolver {
  const dns = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) dns.setServers(servers);
  return dns;
}

async function queryBothFamilies(
  dns: Resolver,
  name: string,
): Promise<{ found: readonly string[]; reason: NodeJS.ErrnoException | undefined }> {
  const v4 = dns.resolve4(name);
  const v6 = dns.resolve6(name);
  const found: string[] = [];
  const all = Promise.allSettled([v4, v6].map(async (each) => void found.push(...(await each))));
  const isUnknown = v4.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTFOUND") throw error;
  });
  // A name server that drops AAAA queries must not delay the result of the A query.
  const first = Promise.any([isUnknown, v6]).then(() => sleep(RESOLUTION_DELAY_MS));
  await Promise.race([all, first.catch(() => all)]);
  if (found.length > 0) return { found: [...found], reason: undefined };
  return { found: [], reason: await v4.then(undefined, (error: NodeJS.ErrnoException) => error) };
}

function parseHosts(text: string): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().toLowerCase().split(/\s+/);
    for (const name of names) byName.set(name, [...(byName.get(name) ?? []), address ?? ""]);
  }
  return byName;
}

function toError(hostname: string, reason?: NodeJS.ErrnoException): Error {
  const code = reason?.code ?? "ETIMEOUT";
  const message = `the name ${hostname} could not be resolved (${code})`;
  return Object.assign(new Error(message, { cause: reason }), { code });
}
