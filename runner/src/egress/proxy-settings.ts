/** Which proxy is used, and for which hosts. */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

export interface ProxySettings {
  /** An http or https URL, which can contain a user name and a password. */
  readonly url: string;
  readonly bypass: readonly Bypass[];
}

/**
 * Hosts that are reached without the proxy. As in the NO_PROXY of curl and Go: a name with its
 * subdomains, an address or a CIDR, each with or without a port.
 */
export interface Bypass {
  /** A name without its leading dot, a CIDR, or `*` for all hosts. */
  readonly host: string;
  readonly isCidr: boolean;
  /** Null: all ports. */
  readonly port: number | null;
}

const NAME = /^(?:\*?\.)?([a-z\d_](?:[\w-]*\.?)*)$/i;
const WITH_PORT = /^([^:]+|\[[^\]]+\]):(\d{1,5})$/;

/** Checks the URL of a proxy. Throws a TypeError, whose message does not contain the URL. */
export function parseProxyUrl(text: string): string {
  const url = URL.parse(text);
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname !== "/" ||
    url.search !== ""
  ) {
    throw new TypeError(
      "must be an http or https URL without a path, such as http://proxy.example.com:3128",
    );
  }
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new TypeError("must have a user name and password in which % is written as %25");
  }
  return text;
}

/** Parses entries separated by commas. Throws a TypeError. */
export function parseBypasses(text: string): readonly Bypass[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .map(parseBypass);
}

function parseBypass(entry: string): Bypass {
  const [, hostPart = entry, portPart] = WITH_PORT.exec(entry) ?? [];
  const host = hostPart.replace(/^\[(.+)\]$/, "$1").toLowerCase();
  const port = portPart === undefined ? null : Number(portPart);
  if (host === "*") return { host, isCidr: false, port };
  if (isIP(host) !== 0)
    return { host: `${host}/${isIP(host) === 4 ? 32 : 128}`, isCidr: true, port };
  if (ipaddr.isValidCIDR(host)) return { host, isCidr: true, port };
  const [, name] = NAME.exec(host) ?? [];
  if (name === undefined || /^[\d.]+$/.test(name)) {
    throw new TypeError(
      `must be host names, addresses or CIDRs, separated by commas, such as "localhost,10.0.0.0/8,.corp.example"; "${entry}" is not valid`,
    );
  }
  return { host: name.replace(/\.$/, ""), isCidr: false, port };
}

/** `hostname` as in a URL, without brackets. A name's addresses are not looked up. */
export function isBypassed(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  bypasses: readonly Bypass[],
): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  return bypasses.some((bypass) => {
    if (bypass.port !== null && bypass.port !== port) return false;
    if (bypass.host === "*") return true;
    if (bypass.isCidr) return isIP(host) !== 0 && isInside(host, bypass.host);
    return host === bypass.host || host.endsWith(`.${bypass.host}`);
  });
}

function isInside(address: string, cidr: string): boolean {
  const ip = ipaddr.process(address);
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return ip.kind() === network.kind() && ip.match(network, bits);
}
