/**
 * Which addresses the daemon is allowed to connect to. Cloud metadata services and link-local,
 * multicast and reserved ranges are always refused. The setting decides about private networks. An
 * IPv6 address that contains an IPv4 address (mapped, compatible, NAT64, 6to4) is checked as that
 * IPv4 address.
 */
import ipaddr from "ipaddr.js";

export type EgressPolicy =
  | { readonly mode: "private" }
  | { readonly mode: "public" }
  | { readonly mode: "list"; readonly cidrs: readonly string[] };

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Cloud metadata services outside the link-local ranges, which always contain 169.254.169.254. */
const METADATA = [
  "168.63.129.16/32", // Azure's WireServer, a public address
  "100.100.100.200/32", // Alibaba
  "fd00:100::100:200/128", // Alibaba
  "192.0.0.192/32", // Oracle Cloud Classic
  "fd00:c1::a9fe:a9fe/128", // Oracle
  "fd00:ec2::/32", // AWS: instance metadata ::254, EKS credentials ::23, DNS ::253, time ::123
  "fd20:ce::254/128", // Google
  "fd00:42::42/128", // Scaleway
  "fd00:a9fe:a9fe::1/128", // Akamai
].map((cidr) => ipaddr.parseCIDR(cidr));

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
/** RFC 8215: where in it the IPv4 address is depends on the network, so it cannot be checked. */
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
  // A zone is only needed for link-local addresses, which are refused.
  if (address.includes("%")) return `${address} has a zone`;
  if (!ipaddr.isValid(address)) return `${address} is not an IP address`;
  const given = ipaddr.process(address);
  if (given instanceof ipaddr.IPv6 && given.match(NAT64_LOCAL)) {
    return `${address} is in the local NAT64 range`;
  }
  const ip = unwrap(given);
  const range = ip.range();
  const named = RANGE_NAMES[range] ?? range;
  const shown = ip.toString() === address ? address : `${address} (${ip.toString()})`;
  if (METADATA.some((block) => contains(block, ip))) return `${shown} is a cloud metadata service`;
  if (range !== "unicast" && !PRIVATE.has(range)) return `${shown} is in the ${named} range`;
  switch (policy.mode) {
    case "private":
      return null;
    case "public":
      return range === "unicast"
        ? null
        : `${shown} is in the ${named} range, and the egress policy is public`;
    case "list":
      return policy.cidrs.some((cidr) => contains(ipaddr.parseCIDR(cidr), ip))
        ? null
        : `${shown} is in none of the networks that the egress policy lists`;
  }
}

function contains([network, bits]: readonly [Address, number], ip: Address): boolean {
  return network.kind() === ip.kind() && ip.match(network, bits);
}

/** The IPv4 address inside an IPv6 address, or the address itself. */
function unwrap(ip: Address): Address {
  if (!(ip instanceof ipaddr.IPv6)) return ip;
  const bytes = ip.toByteArray();
  const range = ip.range();
  if (range === "rfc6052") return toIPv4(bytes.slice(12));
  if (range === "6to4") return toIPv4(bytes.slice(2, 6));
  const isCompatible = range === "unicast" && ip.match(IPV4_COMPATIBLE);
  return isCompatible ? toIPv4(bytes.slice(12)) : ip;
}

function toIPv4(bytes: readonly number[]): ipaddr.IPv4 {
  return new ipaddr.IPv4([...bytes]);
}
