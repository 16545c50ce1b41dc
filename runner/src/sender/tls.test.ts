/** Sends over TLS to an endpoint with a self-signed certificate for `localhost`. */
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  clientCertificate,
  readPem,
  requireClientCertificate,
} from "../../test/support/client-certificates.ts";
import { startForwardProxy } from "../../test/support/forward-proxy.ts";
import type { Answer } from "../domain/delivery.ts";
import type { EgressSettings } from "../egress/egress-settings.ts";
import { createResolver } from "../egress/resolver.ts";
import type { Outgoing } from "../ports/sender.ts";
import { createUndiciSender } from "./undici-sender.ts";

/** Created for these tests and valid until 2126. The key protects nothing. */
function readFixture(part: "key" | "cert"): string {
  return readPem(`self-signed-localhost.${part}`);
}

interface Endpoint {
  readonly port: number;
  readonly bodies: readonly string[];
  /** Whose certificate each request came with, and over which connection. */
  readonly clients: readonly { readonly name: unknown; readonly port: number | undefined }[];
}

async function startEndpoint(options: ServerOptions = {}): Promise<Endpoint> {
  const bodies: string[] = [];
  const clients: Endpoint["clients"][number][] = [];
  const server = createServer(
    { key: readFixture("key"), cert: readFixture("cert"), ...options },
    (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        bodies.push(body);
        const socket = request.socket as TLSSocket;
        const { subject } = socket.getPeerCertificate();
        clients.push({ name: subject?.CN, port: socket.remotePort });
        response.end("received");
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, bodies, clients };
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
  return (
    url: string,
    how: Pick<Outgoing, "verifyTls" | "clientCertificate"> = {},
  ): Promise<Answer> =>
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
  const own = { cert: ca, key: readFixture("key") };
  expect(await send(url, { ca, clientCertificate: own })).toMatchObject({ status: 200 });
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

describe("a client certificate of a request", () => {
  const ca = readFixture("cert");
  const one = { clientCertificate: clientCertificate("one") };
  const two = { clientCertificate: clientCertificate("two") };

  test("is shown to the endpoint, and does not lend its connection to others", async () => {
    const { port, clients } = await startEndpoint(requireClientCertificate());
    const url = `https://localhost:${port}/`;
    const sender = openSender({ ca });
    const sent = [one, one, two, one];
    for (const how of sent) expect(await sender(url, how)).toMatchObject({ status: 200 });
    expect(await sender(url)).toMatchObject({ kind: "failed" });
    expect(clients.map(({ name }) => name)).toEqual([
      "client one",
      "client one",
      "client two",
      "client one",
    ]);
    const ports = clients.map((client) => client.port);
    expect(ports[1]).toBe(ports[0]);
    expect(ports[2]).not.toBe(ports[0]);
  });

  test("replaces that of the settings", async () => {
    const { port, clients } = await startEndpoint(requireClientCertificate());
    const sender = openSender({ ca, ...one });
    const url = `https://localhost:${port}/`;
    for (const how of [{}, two, {}]) expect(await sender(url, how)).toMatchObject({ status: 200 });
    expect(clients.map(({ name }) => name)).toEqual(["client one", "client two", "client one"]);
  });

  test("goes through a proxy's tunnel", async () => {
    const { port, clients } = await startEndpoint(requireClientCertificate());
    const proxy = await startForwardProxy();
    onTestFinished(() => proxy.close());
    const settings = { url: `http://127.0.0.1:${proxy.port}`, bypass: [] };
    const sender = openSender({ ca, proxy: settings });
    expect(await sender(`https://localhost:${port}/`, two)).toMatchObject({ status: 200 });
    expect(clients.map(({ name }) => name)).toEqual(["client two"]);
    expect(proxy.seen).toEqual([`CONNECT localhost:${port}`]);
  });

  test.each([
    ["TLSv1.3", "the endpoint requires a client certificate: "],
    ["TLSv1.2", "the endpoint refused the connection, and may require a client certificate: "],
  ] as const)("that is missing is named as the reason (%s)", async (maxVersion, reason) => {
    const { port, bodies } = await startEndpoint({ ...requireClientCertificate(), maxVersion });
    const answer = await send(`https://localhost:${port}/`, { ca });
    expect(answer).toMatchObject({ kind: "failed", message: expect.stringContaining(reason) });
    expect(bodies).toEqual([]);
  });
});
