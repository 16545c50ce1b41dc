/** The certificate that an endpoint gets if it asks for one: what is wrong with it, and what is shown of it. Pure. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Issue } from "./errors.ts";

/** As PEM. */
export interface ClientCertificate {
  /** Followed by its intermediate certificates. */
  readonly cert: string;
  /** Without a passphrase. */
  readonly key: string;
}

/** What is shown of a certificate. The key is never shown. */
export interface ShownCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly validUntil: number;
  /** SHA-256 of the certificate, in hexadecimal with colons, as `openssl x509 -fingerprint` prints it. */
  readonly fingerprint256: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** OpenSSL refuses a shorter key of RSA for TLS. */
const MIN_RSA_BITS = 2048;

const WANTED = "must be certificates in PEM";

/** What is wrong with PEM text that must have certificates; null when nothing is. Continues "it ". */
export function certificatesProblem(text: string): string | null {
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return WANTED;
  if (text.split("-----BEGIN CERTIFICATE-----").length - 1 > certificates.length) {
    return `${WANTED}, but the last one was cut off`;
  }
  const broken = certificates.findIndex((pem) => !canBeRead(() => new X509Certificate(pem)));
  // Node reads the whole text, in which another kind of PEM can come first.
  if (broken === -1) return canBeRead(() => new X509Certificate(text)) ? null : WANTED;
  const which = `certificate ${broken + 1} of ${certificates.length}`;
  return `${WANTED}, but ${which} cannot be read`;
}

/** What is wrong with PEM text that must have a private key; null when nothing is. Continues "it ". */
export function privateKeyProblem(text: string): string | null {
  if (canBeRead(() => createPrivateKey(text))) {
    const { modulusLength: bits = MIN_RSA_BITS } =
      createPrivateKey(text).asymmetricKeyDetails ?? {};
    return bits < MIN_RSA_BITS ? `must have at least ${MIN_RSA_BITS} bits, but has ${bits}` : null;
  }
  const wanted = "must be a private key in PEM, without a passphrase";
  const isEncrypted = /ENCRYPTED/.test(text);
  return isEncrypted ? `${wanted}: \`openssl pkey -in FILE\` prints it without one` : wanted;
}

/** Both must be readable. */
export function isKeyOf({ cert, key }: ClientCertificate): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

/** What is wrong with a certificate that a client gives, with the field as path; null when nothing is. */
export function clientCertificateIssue(given: ClientCertificate): Issue | null {
  const certProblem = certificatesProblem(given.cert);
  if (certProblem !== null) return { path: "/cert", message: certProblem };
  const keyProblem = privateKeyProblem(given.key);
  if (keyProblem !== null) return { path: "/key", message: keyProblem };
  if (isKeyOf(given)) return null;
  const message = "must be the key of the first certificate in `cert`";
  return { path: "/key", message };
}

export function showCertificate({ cert }: Pick<ClientCertificate, "cert">): ShownCertificate {
  const { subject, issuer, validToDate, fingerprint256 } = new X509Certificate(cert);
  return {
    subject: toLine(subject),
    issuer: toLine(issuer),
    validUntil: validToDate.getTime(),
    fingerprint256,
  };
}

/** Node has one attribute a line. */
function toLine(name: string): string {
  return name.replaceAll("\n", ", ");
}

function canBeRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
