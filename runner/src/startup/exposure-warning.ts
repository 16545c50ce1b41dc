import ipaddr from "ipaddr.js";
import { toEnvName, type Settings } from "../config.ts";

/** A warning when other machines can reach the daemon without TLS, or null. */
export function exposureWarning({
  host,
  publicUrl,
}: Pick<Settings, "host" | "publicUrl">): string | null {
  if (isLoopback(host) || publicUrl?.startsWith("https:")) return null;
  return `Warning: ${toEnvName("host")} is ${host}: other machines can reach the daemon over plain HTTP, and the network can read tokens and jobs. Put a TLS proxy in front of the daemon and set ${toEnvName("publicUrl")} to its https URL, or set ${toEnvName("host")} to 127.0.0.1.`;
}

function isLoopback(host: string): boolean {
  if (!ipaddr.isValid(host)) return host.toLowerCase() === "localhost";
  return ipaddr.process(host).range() === "loopback";
}
