import type { ClientCertificate } from "../domain/client-certificate.ts";
import type { EgressPolicy } from "./policy.ts";
import type { ProxySettings } from "./proxy-settings.ts";

/** How to connect. Plain data, because the plugin threads receive it too. */
export interface EgressSettings {
  readonly policy: EgressPolicy;
  readonly proxy?: ProxySettings | undefined;
  /** Certificates of authorities to trust in addition to Node's, as PEM. */
  readonly ca?: string | undefined;
  /** False accepts any certificate of an endpoint. Default: true. A proxy's certificate is always checked. */
  readonly verifyTls?: boolean | undefined;
  /** Shown to endpoints that ask for a certificate. */
  readonly clientCertificate?: ClientCertificate | undefined;
}
