/**
 * Whether Kubernetes set this variable. It gives every pod variables for each service, in the form of
 * Docker's links: a service named `playground` sets PLAYGROUND_PORT to `tcp://10.43.17.5:8787`.
 */
export function isKubernetesLink(name: string, value: string | undefined): boolean {
  if (/_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(name)) return true;
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith("_PORT") && /^(tcp|udp|sctp):\/\//.test(value ?? "");
}
