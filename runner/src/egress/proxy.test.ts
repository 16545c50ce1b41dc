/** Requests through a real forward proxy. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  startForwardProxy,
  type ForwardProxy,
  type ForwardProxyOptions,
} from "../../test/support/forward-proxy.ts";
import { createEgressAgent } from "./agent.ts";
import type { EgressSettings } from "./egress-settings.ts";
import { parseEgressPolicy } from "./policy.ts";
import { parseBypasses } from "./proxy-settings.ts";

function readFixture(part: "key" | "cert"): string {
  const url = new URL(`../../test/support/tls/self-signed-localhost.${part}.pem`, import.meta.url);
  return readFileSync(url, "utf8");
}
const TLS = { key: readFixture("key"), cert: readFixture("cert") };

let received: string[] = [];
beforeEach(() => {
  received = [];
});

function respond(request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request;
  const proxyHeader = headers["proxy-authorization"] ?? "";
  received.push(`${method} ${url} ${headers.host} ${proxyHeader}`.trim());
  const peer = (request.socket as TLSSocket).getPeerCertificate?.().subject?.CN ?? "anyone";
  request.resume().on("end", () => response.end(`from the target, to ${String(peer)}`));
}

async function startTarget(protocol: "http" | "https"): Promise<number> {
  const server =
    protocol === "http"
      ? createServer(respond)
      : createTlsServer({ ...TLS, requestCert: true, rejectUnauthorized: false }, respond);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function startProxy(options?: ForwardProxyOptions): Promise<ForwardProxy> {
  const proxy = await startForwardProxy(options);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Knows the proxy alone, as a machine without access to DNS does. */
async function resolveProxyOnly(hostname: string): Promise<readonly string[]> {
  if (hostname === "proxy.corp" || hostname === "localhost") return ["127.0.0.1"];
  if (hostname === "metadata.corp") return ["169.254.169.254"];
  throw Object.assign(new Error(`no such name: ${hostname}`), { code: "ENOTFOUND" });
}

interface Through {
  readonly proxyUrl: string;
  readonly bypass?: string;
  readonly policy?: string;
  readonly more?: Partial<EgressSettings>;
  readonly headers?: Record<string, string>;
}

async function post(url: string, through: Through): Promise<{ status: number; text: string }> {
  const { proxyUrl, bypass = "", policy = "private", more, headers } = through;
  const proxy = { url: proxyUrl, bypass: parseBypasses(bypass) };
  const egress = { policy: parseEgressPolicy(policy), proxy, ...more };
  const agent = createEgressAgent(egress, resolveProxyOnly);
  onTestFinished(() => agent.destroy());
  const { origin, pathname, search } = new URL(url);
  const request = { origin, path: pathname + search, method: "POST", body: "{}" } as const;
  const { statusCode, body } = await agent.request({ ...request, ...(headers && { headers }) });
  return { status: statusCode, text: await body.text() };
}

describe("a request through the proxy", () => {
  test("to an http endpoint has its whole URL, and keeps Host", async () => {
    const port = await startTarget("http");
    const proxy = await startProxy();
    const { text } = await post(`http://n8n.example:${port}/hook?x=1`, {
      proxyUrl: `http://proxy.corp:${proxy.port}`,
    });
    expect(text).toBe("from the target, to anyone");
    expect(proxy.seen).toEqual([`POST http://n8n.example:${port}/hook?x=1`]);
    expect(received).toEqual([`POST /hook?x=1 n8n.example:${port}`]);
  });

  test("to an https endpoint goes through a tunnel, in which the certificate is checked", async () => {
    const port = await startTarget("https");
    const proxy = await startProxy();
    const proxyUrl = `http://127.0.0.1:${proxy.port}/`;
    const { text } = await post(`https://localhost:${port}/hook`, {
      proxyUrl,
      more: { ca: TLS.cert },
    });
    expect(text).toBe("from the target, to anyone");
    expect(proxy.seen).toEqual([`CONNECT localhost:${port}`]);
    await expect(
      post(`https://n8n.example:${port}/hook`, { proxyUrl, more: { ca: TLS.cert } }),
    ).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    expect(received).toHaveLength(1);
    // Only the connection that works is kept.
    await expect.poll(() => proxy.connections()).toBe(1);
  });

  test.each(["http", "https"] as const)("over TLS reaches an %s endpoint", async (protocol) => {
    const port = await startTarget(protocol);
    const proxy = await startProxy({ tls: TLS });
    const { text } = await post(`${protocol}://localhost:${port}/`, {
      proxyUrl: `https://localhost:${proxy.port}`,
      more: { ca: TLS.cert },
    });
    expect(text).toBe("from the target, to anyone");
    expect(proxy.seen).toHaveLength(1);
  });

  test.each(["http", "https"] as const)(
    "has the proxy's credential and not the endpoint's (%s)",
    async (protocol) => {
      const port = await startTarget(protocol);
      const proxy = await startProxy();
      await post(`${protocol}://localhost:${port}/`, {
        proxyUrl: `http://us%40er:p%3Ass@127.0.0.1:${proxy.port}`,
        more: { ca: TLS.cert },
        headers: protocol === "http" ? { "Proxy-Authorization": "Basic other" } : {},
      });
      const basic = `Basic ${Buffer.from("us@er:p:ss").toString("base64")}`;
      expect(proxy.seen).toEqual([expect.stringContaining(` ${basic}`)]);
      expect(received.join()).not.toContain(protocol === "https" ? basic : "other");
    },
  );

  test("shows the client certificate to the endpoint", async () => {
    const port = await startTarget("https");
    const proxy = await startProxy();
    const { text } = await post(`https://localhost:${port}/`, {
      proxyUrl: `http://127.0.0.1:${proxy.port}`,
      more: { ca: TLS.cert, clientCertificate: TLS },
    });
    expect(text).toBe("from the target, to localhost");
  });
});

test.each([
  [407, "PROXY_REFUSED"],
  [403, "PROXY_REFUSED"],
])("a proxy that responds with %d gives no tunnel, and the error says so", async (status, code) => {
  const proxy = await startProxy({ status });
  const proxyUrl = `http://user:secret@127.0.0.1:${proxy.port}`;
  await expect(post("https://n8n.example/hook", { proxyUrl })).rejects.toMatchObject({
    code,
    message: `the proxy 127.0.0.1:${proxy.port} responded with status ${status} when asked to connect to n8n.example:443`,
  });
});

test("a proxy that closes the connection fails once", async () => {
  const proxy = await startProxy();
  const proxyUrl = `http://127.0.0.1:${proxy.port}`;
  // Nothing listens on port 1 of loopback, so the proxy closes the tunnel.
  await expect(post("https://n8n.example:1/", { proxyUrl })).rejects.toMatchObject({
    code: "ECONNRESET",
  });
  expect(proxy.seen).toEqual(["CONNECT n8n.example:1"]);
});

test.each(["localhost", "127.0.0.1:PORT", "127.0.0.0/8,localhost", "*"])(
  "a target in NO_PROXY (%s) is reached without the proxy",
  async (bypass) => {
    const port = await startTarget("http");
    const proxy = await startProxy();
    const host = bypass.startsWith("127.0.0.1") ? "127.0.0.1" : "localhost";
    const { text } = await post(`http://${host}:${port}/`, {
      proxyUrl: `http://127.0.0.1:${proxy.port}`,
      bypass: bypass.replace("PORT", String(port)),
    });
    expect(text).toContain("from the target");
    expect(proxy.seen).toEqual([]);
  },
);

describe("the egress policy behind a proxy", () => {
  test.each([
    ["http://169.254.169.254/", "private"],
    ["https://[fd00:ec2::254]/", "private"],
    ["http://127.0.0.1/", "public"],
    ["http://localhost/", "public"],
    ["http://metadata.corp/", "private"],
    ["https://metadata.corp/", "private"],
    ["http://11.0.0.1/", "10.0.0.0/8"],
  ])("refuses %s when it is %s, and the proxy gets no request", async (url, policy) => {
    const proxy = await startProxy();
    const proxyUrl = `http://127.0.0.1:${proxy.port}`;
    await expect(post(url, { proxyUrl, policy })).rejects.toMatchObject({ code: "EGRESS_REFUSED" });
    expect(proxy.seen).toEqual([]);
  });

  test.each(["private", "public"])(
    "leaves a name that only the proxy can resolve to the proxy (%s)",
    async (policy) => {
      const port = await startTarget("http");
      const proxy = await startProxy();
      const proxyUrl = `http://127.0.0.1:${proxy.port}`;
      expect(await post(`http://n8n.example:${port}/`, { proxyUrl, policy })).toMatchObject({
        status: 200,
      });
    },
  );

  test("refuses a name that cannot be checked when it lists networks", async () => {
    const proxy = await startProxy();
    const proxyUrl = `http://127.0.0.1:${proxy.port}`;
    await expect(
      post("http://n8n.example/", { proxyUrl, policy: "10.0.0.0/8" }),
    ).rejects.toMatchObject({ code: "ENOTFOUND" });
    expect(proxy.seen).toEqual([]);
  });
});
