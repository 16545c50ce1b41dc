import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** The certificates of all authorities that Node trusts are 220 KB. */
const MAX_BYTES = 4 << 20;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The file's text. The error's message continues "it ". */
export function readCertificates(path: string): string {
  const text = read(path);
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new Error("must be a PEM file with certificates");
  for (const [at, pem] of certificates.entries()) {
    try {
      void new X509Certificate(pem);
    } catch (error) {
      const which = `certificate ${at + 1} of ${certificates.length}`;
      throw new Error(`must be a PEM file with certificates, but ${which} cannot be read`, {
        cause: error,
      });
    }
  }
  return text;
}

/** The file's text. The error's message continues "it ". */
export function readPrivateKey(path: string): string {
  const text = read(path);
  try {
    createPrivateKey(text);
  } catch (error) {
    throw new Error("must be a PEM file with a private key that has no passphrase", {
      cause: error,
    });
  }
  return text;
}

/** Why a client certificate and its key do not belong together, as issues of the settings. */
export function keyIssues({
  clientCertFile: cert,
  clientKeyFile: key,
}: {
  readonly clientCertFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
}): readonly { readonly path: readonly [string]; readonly message: string }[] {
  if (cert === undefined && key === undefined) return [];
  if (cert === undefined) {
    const message = "must be set if PLAYGROUND_CLIENT_KEY_FILE is set";
    return [{ path: ["clientCertFile"], message }];
  }
  if (key === undefined) {
    const message = "must be set if PLAYGROUND_CLIENT_CERT_FILE is set";
    return [{ path: ["clientKeyFile"], message }];
  }
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return [];
  const message = "must be the key of the certificate in PLAYGROUND_CLIENT_CERT_FILE";
  return [{ path: ["clientKeyFile"], message }];
}

function read(path: string): string {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new Error(`must be a file that can be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  if (content.length > MAX_BYTES) throw new Error("must be a file of at most 4 MiB");
  return content.toString("utf8");
}
