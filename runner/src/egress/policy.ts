/**
 * Which addresses the daemon is allowed to connect to. Link-local (cloud metadata), multicast and
 * reserved ranges are always refused. The setting decides about private networks. An IPv6 address
 * that contains an IPv4 address (mapped, compatible, NAT64, 6to4) is checked as that IPv4 address.
 */
import ipaddr from "ipaddr.js";

export type EgressPolicy =
  | { readonly mode: "private" }
  | { readonly mode: "public" }
  | { readonly mode: "list"; readonly cidrs: readonly string[] };

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Cloud metadata services outside the link-local ranges: AWS over IPv6, Alibaba, Oracle. */
const METADATA = new Set(["fd00:ec2::254", "100.100.100.200", "192.0.0.192"]);

/** Ranges of ipaddr.js that an operator's own machines use. */
const PRIVATE = new Set(["private", "loopback", "uniqueLocal", "carrierGradeNat"]);

/** Readable names for the ranges of ipaddr.js. The other ranges already have one. */
const RANGE_NAMES: Readonly<Record<string, string>> = {
  amt: "AMT",
  as112: "AS112",
  as112v6: "AS112",
  carrierGradeNat: "carrier-grade NAT",
  deprecatedOrchid: "ORCHID",
  deprecatedSiteLocal: "site-local",
  droneRemoteIdProtocolEntityTags: "drone remote ID",
  linkLocal: "link-local",
  orchid2: "ORCHID",
  rfc6145: "IPv4-translated",
  segmentRouting: "segment routing",
  teredo: "Teredo",
  uniqueLocal: "unique-local",
};

/** Deprecated `::a.b.c.d` (RFC 4291 §2.5.5.1). ipaddr.js classifies it as unicast. */
const IPV4_COMPATIBLE = ipaddr.parseCIDR("::/96");
const NAT64_LOCAL = ipaddr.parseCIDR("64:ff9b:1::/48");

/**
 * Parses the EGRESS setting: `private`, `public` or a comma-separated list of CIDRs. Throws a
 * TypeError.
 */
export function parseEgressPolicy(text: string): EgressPolicy {
  const value = text.trim();
  if (value === "private" || value === "public") return { mode: value };
  const cidrs = value.split(",").map((cidr) => cidr.trim());
  const bad = cidrs.find((cidr) => !ipaddr.isValidCIDR(cidr));
  if (bad !== undefined) {
    throw new TypeError(
      `must be "private" (allows private networks), "public" (refuses them), or a comma-separated list of CIDRs such as "10.0.0.0/8,fd00::/8"; "${bad}" is not valid`,
    );
  }
  return { mode: "list", cidrs };
}

/** The reason why the policy forbids the address, or null when it allows it. */
export function refusalOf(address: string, policy: EgressPolicy): string | null {
  if (!ipaddr.isValid(address)) return `${address} is not an IP address`;
  const ip = unwrap(ipaddr.process(address));
  const range = ip.range();
  const named = RANGE_NAMES[range] ?? range;
  const shown = ip.toString() === address ? address : `${address} (${ip.toString()})`;
  if (METADATA.has(ip.toString())) return `${shown} is a cloud metadata service`;
  if (range !== "unicast" && !PRIVATE.has(range)) return `${shown} is in the ${named} range`;
  switch (policy.mode) {
    case "private":
      return null;
    case "public":
      return range === "unicast" ? null : `${shown} is in the ${named} range, and EGRESS is public`;
    case "list":
      return policy.cidrs.some((cidr) => contains(cidr, ip))
        ? null
        : `${shown} is in none of the networks that EGRESS lists`;
  }
}

function contains(cidr: string, ip: Address): boolean {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return network.kind() === ip.kind() && ip.match(network, bits);
}

/** The IPv4 address inside an IPv6 address, or the address itself. */
function unwrap(ip: Address): Address {
  if (!(ip instanceof ipaddr.IPv6)) return ip;
  const bytes = ip.toByteArray();
  const range = ip.range();
  if (range === "rfc6052" || ip.match(NAT64_LOCAL)) return toIPv4(bytes.slice(12));
  if (range === "6to4") return toIPv4(bytes.slice(2, 6));
  const isCompatible = range === "unicast" && ip.match(IPV4_COMPATIBLE);
  return isCompatible ? toIPv4(bytes.slice(12)) : ip;
}

function toIPv4(bytes: readonly number[]): ipaddr.IPv4 {
  return new ipaddr.IPv4([...bytes]);
}
