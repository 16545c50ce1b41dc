import ipaddr from "ipaddr.js";
import { toEnvName, type Settings } from "../config.ts";

/** What to tell whoever lets others reach the daemon without TLS; null when there is nothing to tell. */
export function exposureWarning({
  host,
  publicUrl,
}: Pick<Settings, "host" | "publicUrl">): string | null {
  if (isLoopback(host) || publicUrl?.startsWith("https:")) return null;
  return `Warning: ${toEnvName("host")} is ${host}, which other machines can reach, and the daemon speaks HTTP alone: tokens and jobs can be read on the way. Put a proxy with TLS in front and set ${toEnvName("publicUrl")} to its https URL, or listen on 127.0.0.1.`;
}

function isLoopback(host: string): boolean {
  if (!ipaddr.isValid(host)) return host.toLowerCase() === "localhost";
  return ipaddr.process(host).range() === "loopback";
}
