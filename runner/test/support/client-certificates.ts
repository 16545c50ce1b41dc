/** Certificates for clients, of one authority. Created for tests and valid until 2126. The keys protect nothing. */
import { readFileSync } from "node:fs";
import type { ClientCertificate } from "../../src/domain/client-certificate.ts";

/** A file of the folder `tls`. */
export function readPem(name: string): string {
  return readFileSync(new URL(`tls/${name}.pem`, import.meta.url), "utf8");
}

/** Its common name is `client one` or `client two`. */
export function clientCertificate(which: "one" | "two"): ClientCertificate {
  return { cert: readPem(`client-${which}.cert`), key: readPem(`client-${which}.key`) };
}

/** The certificate and key of an endpoint at `localhost`, which lets in only clients of the authority. */
export function requireClientCertificate() {
  return {
    key: readPem("self-signed-localhost.key"),
    cert: readPem("self-signed-localhost.cert"),
    ca: readPem("client-authority.cert"),
    requestCert: true,
  };
}
