import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEgressPolicy, refusalOf } from "./policy.ts";

const PRIVATE = parseEgressPolicy("private");
const PUBLIC = parseEgressPolicy("public");

describe("addresses that every setting refuses", () => {
  const everywhere = parseEgressPolicy("0.0.0.0/0,::/0");
  test.each([
    "169.254.169.254",
    "169.254.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "64:ff9b:1::808:808",
    "64:ff9b:1:a9fe:a9:fe00::",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "64:ff9b::a83f:8110",
    "2002:a83f:8110::1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "FD00:0EC2:0::253",
    "fd20:ce::254",
    "fd00:42::42",
    "fd00:c1::a9fe:a9fe",
    "fd00:a9fe:a9fe::1",
    "100.100.100.200",
    "fd00:100::100:200",
    "192.0.0.192",
    "fe80::1%eth0",
    "fd12::1%1",
    "::1%lo",
    "2606:4700::1111%2",
    "fe80::1",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "2001:db8::1",
    "2001::1",
    "100::1",
    "5f00::1",
  ])("%s", (address) => {
    for (const policy of [PRIVATE, PUBLIC, everywhere]) {
      expect(refusalOf(address, policy)).toEqual(expect.stringContaining(address));
    }
  });
});

test.each([
  ["169.254.169.254", "169.254.169.254 is in the link-local range"],
  ["::ffff:169.254.0.1", "::ffff:169.254.0.1 (169.254.0.1) is in the link-local range"],
  ["224.0.0.1", "224.0.0.1 is in the multicast range"],
  ["0.0.0.0", "0.0.0.0 is in the unspecified range"],
  ["100.64.0.1", "100.64.0.1 is in the carrier-grade NAT range, and the egress policy is public"],
])("%s is refused with a readable reason", (address, refusal) => {
  expect(refusalOf(address, PUBLIC)).toBe(refusal);
});

describe("private networks", () => {
  test.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
  ])("%s is allowed by default and refused when the policy is public", (address) => {
    expect(refusalOf(address, PRIVATE)).toBeNull();
    expect(refusalOf(address, PUBLIC)).toEqual(
      expect.stringContaining("the egress policy is public"),
    );
  });
});

test.each(["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])(
  "%s is public",
  (address) => {
    expect(refusalOf(address, PUBLIC)).toBeNull();
  },
);

test.each(["168.63.129.15", "168.63.129.17", "100.100.100.201", "fd20:ce::253", "fd00:42::43"])(
  "%s next to a metadata service is allowed by default",
  (address) => {
    expect(refusalOf(address, PRIVATE)).toBeNull();
  },
);

test.each(["", "localhost", "1.2.3.4.5", "10.0.0.0/8", "::1::"])(
  "%j is refused, because it is not an address",
  (text) => {
    expect(refusalOf(text, PRIVATE)).toContain("is not an IP address");
  },
);

test("a list of CIDRs allows its networks and refuses all others", () => {
  const policy = parseEgressPolicy("10.0.0.0/8, 2606:4700::/32");
  expect(refusalOf("10.9.9.9", policy)).toBeNull();
  expect(refusalOf("::ffff:10.9.9.9", policy)).toBeNull();
  expect(refusalOf("2606:4700::1111", policy)).toBeNull();
  expect(refusalOf("11.0.0.1", policy)).toContain("none of the networks");
  expect(refusalOf("127.0.0.1", policy)).toContain("none of the networks");
});

test("an address in a private or reserved IPv4 block is refused in its IPv6 spellings too", () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const block = fc.constantFrom([10], [127], [169, 254], [192, 168], [0], [224], [255]);
  fc.assert(
    fc.property(block, octet, octet, octet, (head, b, c, d) => {
      const bytes = [...head, b, c, d].slice(0, 4);
      const v4 = bytes.join(".");
      const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
      const groups = `${hex.slice(0, 4)}:${hex.slice(4)}`;
      const spellings = [v4, `::ffff:${v4}`, `64:ff9b::${groups}`, `2002:${groups}::`];
      return spellings.every((spelling) => refusalOf(spelling, PUBLIC) !== null);
    }),
  );
});

test.each(["", "none", "10.0.0.0", "10.0.0.0/33", "public,private"])(
  "%j is not a valid setting",
  (text) => {
    expect(() => parseEgressPolicy(text)).toThrow(/must be "private"/);
  },
);
