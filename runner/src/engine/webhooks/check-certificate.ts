import { showCertificate, type ClientCertificate } from "../../domain/client-certificate.ts";
import { Refused } from "../../domain/errors.ts";

/** Throws `Refused`: BODY_INVALID, for a certificate that has expired. */
export function checkNotExpired(given: ClientCertificate, now: number): void {
  const { validUntil } = showCertificate(given);
  if (now <= validUntil) return;
  const until = new Date(validUntil).toISOString();
  refuse("/clientCertificate/cert", `must not have expired, but was valid until ${until}`);
}

/** Throws `Refused`: BODY_INVALID, for a URL whose connections have no certificates. */
export function checkHttps(url: string): void {
  if (new URL(url).protocol === "https:") return;
  refuse(
    "/url",
    "must be an https URL, because the webhook has a client certificate. `clientCertificate: null` removes it",
  );
}

function refuse(path: string, message: string): never {
  throw new Refused("BODY_INVALID", `${path} ${message}.`, { issues: [{ path, message }] });
}
