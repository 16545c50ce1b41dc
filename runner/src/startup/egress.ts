import type { Settings } from "../config.ts";
import type { EgressSettings } from "../egress/egress-settings.ts";
import type { ProxySettings } from "../egress/proxy-settings.ts";

/** How webhooks are reached. */
export function webhookEgress(settings: Settings): EgressSettings {
  const { egress, caFile, clientCertFile, clientKeyFile } = settings;
  return {
    policy: egress,
    proxy: toProxy(settings),
    ca: caFile,
    // Not for `ctx.fetch`: its URLs can come from a client, who could read the responses.
    ...(clientCertFile !== undefined &&
      clientKeyFile !== undefined && {
        clientCertificate: { cert: clientCertFile, key: clientKeyFile },
      }),
  };
}

/** How `ctx.fetch` of plugins connects. */
export function fetchEgress(settings: Settings): EgressSettings {
  const { egress, fetchEgress: policy = egress, caFile } = settings;
  return { policy, proxy: toProxy(settings), ca: caFile };
}

function toProxy({ proxy, noProxy }: Settings): ProxySettings | undefined {
  return proxy === undefined ? undefined : { url: proxy, bypass: noProxy };
}
