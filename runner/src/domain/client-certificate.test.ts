import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { clientCertificate, readPem } from "../../test/support/client-certificates.ts";
import { clientCertificateIssue, showCertificate } from "./client-certificate.ts";

const ONE = clientCertificate("one");
const TWO = clientCertificate("two");
const ENCRYPTED = String(
  createPrivateKey(ONE.key).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "secret",
  }),
);
const SHORT = String(
  generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({
    type: "pkcs8",
    format: "pem",
  }),
);
const PUBLIC = String(
  generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }),
);

describe("a client certificate", () => {
  test.each([
    ["one certificate", ONE],
    ["a chain", { ...ONE, cert: `${ONE.cert}\n${readPem("client-authority.cert")}` }],
    ["text before the certificate", { ...ONE, cert: `subject=CN = client one\n${ONE.cert}` }],
    [
      "a key of another format",
      {
        ...ONE,
        key: String(createPrivateKey(ONE.key).export({ type: "sec1", format: "pem" })),
      },
    ],
  ])("with its key can be %s", (_what, given) => {
    expect(clientCertificateIssue(given)).toBeNull();
  });

  test.each([
    ["nothing", { ...ONE, cert: "" }, "/cert", "must be certificates in PEM"],
    ["a key as certificate", { ...ONE, cert: ONE.key }, "/cert", "must be certificates in PEM"],
    [
      "a certificate that is cut off",
      { ...ONE, cert: ONE.cert + ONE.cert.replace(/\n.{20}/, "\n") },
      "/cert",
      "must be certificates in PEM, but certificate 2 of 2 cannot be read",
    ],
    [
      "another kind of PEM before the certificate",
      {
        ...ONE,
        cert: `-----BEGIN X509 CERTIFICATE-----\nAAAA\n-----END X509 CERTIFICATE-----\n${ONE.cert}`,
      },
      "/cert",
      "must be certificates in PEM",
    ],
    ["no key", { ...ONE, key: "" }, "/key", "must be a private key in PEM, without a passphrase"],
    [
      "a public key",
      { ...ONE, key: PUBLIC },
      "/key",
      "must be a private key in PEM, without a passphrase",
    ],
    [
      "a short key of RSA",
      { ...ONE, key: SHORT },
      "/key",
      "must have at least 2048 bits, but has 1024",
    ],
    [
      "an encrypted key",
      { ...ONE, key: ENCRYPTED },
      "/key",
      "must be a private key in PEM, without a passphrase: `openssl pkey -in FILE` prints it without one",
    ],
    [
      "the key of another certificate",
      { ...ONE, key: TWO.key },
      "/key",
      "must be the key of the first certificate in `cert`",
    ],
    [
      "a chain whose second certificate was cut off",
      { ...ONE, cert: `${ONE.cert}\n-----BEGIN CERTIFICATE-----\nMIIB` },
      "/cert",
      "must be certificates in PEM, but the last one was cut off",
    ],
    [
      "a chain in the wrong order",
      { ...ONE, cert: readPem("client-authority.cert") + ONE.cert },
      "/key",
      "must be the key of the first certificate in `cert`",
    ],
  ])("is refused with %s", (_what, given, path, message) => {
    expect(clientCertificateIssue(given)).toEqual({ path, message });
  });

  test("is shown with its names, its end and its fingerprint", () => {
    expect(showCertificate(ONE)).toEqual({
      subject: "O=Playground tests, CN=client one",
      issuer: "O=Playground tests, CN=Test client authority",
      validUntil: Date.parse("2126-11-06T21:54:37Z"),
      fingerprint256:
        "E0:47:C8:E0:8B:45:20:CA:6A:9A:17:E0:8B:D9:B4:30:7E:37:11:D1:11:B3:94:F3:E0:A4:A3:32:34:62:6C:DF",
    });
  });
});
