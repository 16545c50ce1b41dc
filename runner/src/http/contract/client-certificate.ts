/** The client certificate of a persistent webhook. */
import { z } from "zod";
import { clientCertificateIssue } from "../../domain/client-certificate.ts";
import { Instant } from "./fields.ts";

const MAX_CERT_LENGTH = 32 * 1024;
/** Room for a key of RSA with 8,192 bits. A handshake with a larger one would stop the daemon for long. */
const MAX_KEY_LENGTH = 8 * 1024;

export const ClientCertificate = z
  .strictObject({
    cert: z
      .string()
      .max(MAX_CERT_LENGTH)
      .describe("The certificate in PEM, followed by its intermediate certificates."),
    key: z
      .string()
      .max(MAX_KEY_LENGTH)
      .describe(
        "The private key of the certificate in PEM, without a passphrase. It is never shown again.",
      ),
  })
  .superRefine((given, ctx) => {
    const issue = clientCertificateIssue(given);
    if (issue === null) return;
    ctx.addIssue({
      code: "custom",
      path: [issue.path.slice(1)],
      message: issue.message,
      input: null,
    });
  });

export const ShownCertificate = z.object({
  subject: z.string().describe("Who the certificate is for."),
  issuer: z.string().describe("Who signed it."),
  validUntil: Instant.describe("When it expires."),
  fingerprint256: z
    .string()
    .describe("Its SHA-256, in hexadecimal with colons, as `openssl x509 -fingerprint` prints it."),
});
