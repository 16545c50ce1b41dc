/**
 * Which addresses the daemon may connect to. Link-local (cloud metadata), multicast and reserved
 * ranges never; private ones unless the operator says so; addresses that carry an IPv4 address
 * (mapped, compatible, NAT64, 6to4) as the address they carry.
 */
import ipaddr from "ipaddr.js";

export type EgressPolicy =
  | { readonly mode: "private" }
  | { readonly mode: "public" }
  | { readonly mode: "list"; readonly cidrs: readonly string[] };

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Metadata services outside the link-local ranges: AWS over IPv6, Alibaba, Oracle. */
const METADATA = new Set(["fd00:ec2::254", "100.100.100.200", "192.0.0.192"]);

/** Networks an operator's own machines are in. */
const PRIVATE = new Set(["private", "loopback", "uniqueLocal", "carrierGradeNat"]);

/** What ipaddr.js calls a range, where that is no word. */
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

/** Deprecated `::a.b.c.d` (RFC 4291 §2.5.5.1), which ipaddr.js takes for unicast. */
const IPV4_COMPATIBLE = ipaddr.parseCIDR("::/96");
const NAT64_LOCAL = ipaddr.parseCIDR("64:ff9b:1::/48");

/** Reads the EGRESS setting: `private`, `public` or CIDRs with commas between. Throws a TypeError. */
export function parseEgressPolicy(text: string): EgressPolicy {
  const value = text.trim();
  if (value === "private" || value === "public") return { mode: value };
  const cidrs = value.split(",").map((cidr) => cidr.trim());
  const bad = cidrs.find((cidr) => !ipaddr.isValidCIDR(cidr));
  if (bad !== undefined) {
    throw new TypeError(
      `must be "private" (private networks allowed), "public" (refused), or CIDRs such as "10.0.0.0/8,fd00::/8"; "${bad}" is none of these`,
    );
  }
  return { mode: "list", cidrs };
}

/** Why the address may not be connected to, or null when it may. */
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

/** The IPv4 address that an IPv6 address stands for, if it stands for one. */
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
