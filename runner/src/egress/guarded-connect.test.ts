import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { interceptors, type Dispatcher } from "undici";
import { afterEach, expect, test } from "vitest";
import { startDnsServer } from "../../test/support/dns-server.ts";
import { createEgressAgent } from "./agent.ts";
import { parseEgressPolicy } from "./policy.ts";
import { createResolver } from "./resolver.ts";

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface LoopbackServer {
  readonly port: number;
  readonly requests: () => number;
  readonly connections: () => number;
}

/** Closes each connection after its response, so that every request opens a new one. */
async function loopbackServer({ address = "127.0.0.1", port = 0 } = {}): Promise<LoopbackServer> {
  let requests = 0;
  let connections = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.setHeader("connection", "close").end("secret");
  });
  server.on("connection", () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    connections: () => connections,
  };
}

function guarded(setting: string, resolve = createResolver()): Dispatcher {
  const agent = createEgressAgent({ policy: parseEgressPolicy(setting) }, resolve);
  closers.push(() => agent.destroy());
  return agent;
}

async function get(dispatcher: Dispatcher, url: string): Promise<string> {
  const { origin, pathname } = new URL(url);
  const response = await dispatcher.request({ origin, path: pathname, method: "GET" });
  return response.body.text();
}

const refused = expect.objectContaining({ code: "EGRESS_REFUSED" });

test("reaches loopback by name and by address when private networks are allowed", async () => {
  const { port } = await loopbackServer();
  const agent = guarded("private");
  expect(await get(agent, `http://127.0.0.1:${port}/`)).toBe("secret");
  expect(await get(agent, `http://localhost:${port}/`)).toBe("secret");
});

test.skipIf(!hasIPv6)("reaches loopback over IPv6 by address and by name", async () => {
  const { port } = await loopbackServer({ address: "::1" });
  const agent = guarded("private");
  expect(await get(agent, `http://[::1]:${port}/`)).toBe("secret");
  expect(await get(agent, `http://localhost:${port}/`)).toBe("secret");
  expect(await get(agent, `http://n8n.localhost:${port}/`)).toBe("secret");
});

test.each([
  "127.0.0.1",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "0177.0.0.1",
  "127.1",
  "0",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
  "localhost",
])("http://%s/ is refused when only public addresses are allowed", async (host) => {
  const { port, requests } = await loopbackServer();
  await expect(get(guarded("public"), `http://${host}:${port}/`)).rejects.toEqual(refused);
  expect(requests()).toBe(0);
});

test("every address of a name is checked, not only the first", async () => {
  const { port, requests } = await loopbackServer();
  const dns = await startDnsServer(() => ["93.184.215.14", "127.0.0.1"]);
  closers.push(() => dns.close());
  const agent = guarded("public", createResolver({ servers: [dns.address] }));
  await expect(get(agent, `http://two.example:${port}/`)).rejects.toEqual(refused);
  expect(requests()).toBe(0);
});

test("a name that alternates between two addresses reaches only the allowed one", async () => {
  const allowed = await loopbackServer({ address: "127.0.0.2" });
  const secret = await loopbackServer({ port: allowed.port });
  const dns = await startDnsServer(() => [dns.asked.length % 2 === 1 ? "127.0.0.2" : "127.0.0.1"]);
  closers.push(() => dns.close());
  // Each call of the clock is a minute later, so that no cached response is used.
  let now = 0;
  const resolve = createResolver({ servers: [dns.address], now: () => (now += 60_000) });
  const agent = guarded("127.0.0.2/32", resolve);
  const url = `http://rebind.example:${allowed.port}/`;
  for (let attempt = 0; attempt < 4; attempt += 1) {
    expect(await get(agent, url)).toBe("secret");
    await expect(get(agent, url)).rejects.toEqual(refused);
  }
  expect(allowed.requests()).toBe(4);
  expect(secret.connections()).toBe(0);
});

test("a hosts file's address with a zone is refused", async () => {
  const { port, requests } = await loopbackServer();
  const agent = guarded("private", async () => ["fd00:ec2::254%1"]);
  await expect(get(agent, `http://zone.example:${port}/`)).rejects.toEqual(refused);
  expect(requests()).toBe(0);
});

test("undici's DNS interceptor does not bypass the guard", async () => {
  const { port, requests } = await loopbackServer();
  const agent = guarded("public").compose(interceptors.dns());
  await expect(get(agent, `http://localhost:${port}/`)).rejects.toThrow(/not allowed/);
  expect(requests()).toBe(0);
});
