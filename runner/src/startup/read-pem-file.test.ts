import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { BadSetting, parseSettings } from "../config.ts";

const dir = mkdtempSync(join(tmpdir(), "playground-pem-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function fixture(part: "key" | "cert"): string {
  const url = new URL(`../../test/support/tls/self-signed-localhost.${part}.pem`, import.meta.url);
  return fileURLToPath(url);
}

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

function newKey(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const encrypted = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return String(privateKey.export({ type: "pkcs8", format: "pem", ...encrypted }));
}

const CERT = readFileSync(fixture("cert"), "utf8");

describe("a file with certificates", () => {
  test("is read at the start", () => {
    const both = write("both.pem", `# ours\n${CERT}\n${CERT}`);
    expect(parseSettings([], { PLAYGROUND_CA_FILE: both }).caFile).toContain(CERT);
  });

  test.each([
    ["missing.pem", null, "must be a file that can be read (ENOENT)"],
    ["empty.pem", "", "must be certificates in PEM"],
    ["key.pem", newKey(), "must be certificates in PEM"],
    [
      "broken.pem",
      `${CERT}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
      "must be certificates in PEM, but certificate 2 of 2 cannot be read",
    ],
  ])("stops the start when it is %s", (name, text, message) => {
    const path = text === null ? join(dir, name) : write(name, text);
    const parse = () => parseSettings([], { PLAYGROUND_CA_FILE: path });
    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(`PLAYGROUND_CA_FILE is "${path}": it ${message}.`);
  });
});

describe("a client certificate", () => {
  const cert = fixture("cert");

  test("is read with its key", () => {
    const env = {
      PLAYGROUND_CLIENT_CERT_FILE: cert,
      PLAYGROUND_CLIENT_KEY_FILE: fixture("key"),
    };
    expect(parseSettings([], env).clientCertFile).toBe(CERT);
  });

  test.each([
    [
      { PLAYGROUND_CLIENT_CERT_FILE: cert },
      "PLAYGROUND_CLIENT_KEY_FILE is not set: it must be set if PLAYGROUND_CLIENT_CERT_FILE is set.",
    ],
    [
      { PLAYGROUND_CLIENT_KEY_FILE: fixture("key") },
      "PLAYGROUND_CLIENT_CERT_FILE is not set: it must be set if PLAYGROUND_CLIENT_KEY_FILE is set.",
    ],
    [
      { PLAYGROUND_CLIENT_CERT_FILE: cert, PLAYGROUND_CLIENT_KEY_FILE: write("k", newKey()) },
      "it must be the key of the certificate in PLAYGROUND_CLIENT_CERT_FILE.",
    ],
    [
      { PLAYGROUND_CLIENT_CERT_FILE: cert, PLAYGROUND_CLIENT_KEY_FILE: write("p", newKey("x")) },
      "it must be a private key in PEM, without a passphrase: `openssl pkey -in FILE` prints it without one.",
    ],
  ])("stops the start when its settings do not fit (%#)", (env, message) => {
    expect(() => parseSettings([], env)).toThrow(message);
  });
});
