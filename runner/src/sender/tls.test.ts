/** Sends over TLS to an endpoint with a self-signed certificate for `localhost`. */
import { readFileSync } from "node:fs";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import type { Answer } from "../domain/delivery.ts";
import type { EgressSettings } from "../egress/egress-settings.ts";
import { createResolver } from "../egress/resolver.ts";
import type { Outgoing } from "../ports/sender.ts";
import { createUndiciSender } from "./undici-sender.ts";

/** Created for these tests and valid until 2126. The key protects nothing. */
function readFixture(part: "key" | "cert"): string {
  const url = new URL(`../../test/support/tls/self-signed-localhost.${part}.pem`, import.meta.url);
  return readFileSync(url, "utf8");
}

interface Endpoint {
  readonly port: number;
  readonly bodies: readonly string[];
}

async function startEndpoint(options: ServerOptions = {}): Promise<Endpoint> {
  const bodies: string[] = [];
  const server = createServer(
    { key: readFixture("key"), cert: readFixture("cert"), ...options },
    (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        bodies.push(body);
        response.end("received");
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, bodies };
}

/** Does what `NODE_EXTRA_CA_CERTS` does for a daemon. */
function trustFixture(): void {
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, readFixture("cert")]);
  onTestFinished(() => setDefaultCACertificates(before));
}

async function send(url: string, more: Partial<EgressSettings> = {}): Promise<Answer> {
  return openSender(more)(url);
}

/** Sends over the connections of one sender. */
function openSender(more: Partial<EgressSettings> = {}) {
  const sender = createUndiciSender({
    connectionsPerOrigin: 1,
    egress: { policy: { mode: "private" }, ...more },
    resolve: createResolver(),
  });
  onTestFinished(() => sender.close());
  const { signal } = new AbortController();
  return (url: string, how: Pick<Outgoing, "verifyTls"> = {}): Promise<Answer> =>
    sender.send({ url, headers: {}, body: `{"ä":1}`, timeoutMs: 5_000, signal, ...how });
}

test("an endpoint with a self-signed certificate is refused with its own code and receives nothing", async () => {
  const { port, bodies } = await startEndpoint();
  expect(await send(`https://localhost:${port}/`)).toMatchObject({
    kind: "failed",
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });
  expect(bodies).toEqual([]);
});

test("an endpoint with a certificate from a trusted authority receives the body", async () => {
  trustFixture();
  const { port, bodies } = await startEndpoint();
  expect(await send(`https://localhost:${port}/`)).toMatchObject({ status: 200, body: "received" });
  expect(bodies).toEqual([`{"ä":1}`]);
});

test("an endpoint with a certificate for another name is refused and receives nothing", async () => {
  trustFixture();
  const { port, bodies } = await startEndpoint();
  expect(await send(`https://127.0.0.1:${port}/`)).toMatchObject({
    kind: "failed",
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  expect(bodies).toEqual([]);
});

test("an authority of the settings is trusted in addition to Node's", async () => {
  const { port } = await startEndpoint();
  const ca = readFixture("cert");
  expect(await send(`https://localhost:${port}/`, { ca })).toMatchObject({ status: 200 });
});

test("an endpoint that asks for a certificate gets the client certificate", async () => {
  const ca = readFixture("cert");
  const { port, bodies } = await startEndpoint({ requestCert: true, ca });
  const url = `https://localhost:${port}/`;
  expect(await send(url, { ca })).toMatchObject({ kind: "failed" });
  expect(bodies).toEqual([]);
  const clientCertificate = { cert: ca, key: readFixture("key") };
  expect(await send(url, { ca, clientCertificate })).toMatchObject({ status: 200 });
});

test("HTTP/2 is not offered", async () => {
  const offered: string[][] = [];
  const { port } = await startEndpoint({
    ALPNCallback({ protocols }) {
      offered.push(protocols);
      return "http/1.1";
    },
  });
  await send(`https://localhost:${port}/`, { ca: readFixture("cert") });
  expect(offered).toEqual([["http/1.1"]]);
});

test("a request that accepts any certificate is sent, and does not lend its connection to one that does not", async () => {
  const { port, bodies } = await startEndpoint();
  const url = `https://127.0.0.1:${port}/`;
  const sender = openSender();
  expect(await sender(url, { verifyTls: false })).toMatchObject({ status: 200 });
  expect(await sender(url)).toMatchObject({ kind: "failed", code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  expect(await sender(url, { verifyTls: false })).toMatchObject({ status: 200 });
  expect(bodies).toHaveLength(2);
});
