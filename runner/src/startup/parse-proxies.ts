import ipaddr from "ipaddr.js";

/** Parses addresses and CIDRs separated by commas. Throws a TypeError. */
export function parseProxies(text: string): readonly string[] {
  const entries = text.split(",").map((entry) => entry.trim());
  const wrong = entries.find((entry) => !ipaddr.isValid(entry) && !ipaddr.isValidCIDR(entry));
  if (wrong === undefined) return entries;
  throw new TypeError(
    `must be addresses or CIDRs, separated by commas, such as "127.0.0.1,10.0.0.0/8"; "${wrong}" is not valid`,
  );
}
