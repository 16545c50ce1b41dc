import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent, interceptors, type Dispatcher } from "undici";
import { afterEach, expect, test } from "vitest";
import { startDnsServer } from "../../test/support/dns-server.ts";
import { createGuardedConnect } from "./guarded-connect.ts";
import { parseEgressPolicy } from "./policy.ts";
import { createResolver } from "./resolver.ts";

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function loopbackServer(): Promise<{ port: number; requests: () => number }> {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.end("secret");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, requests: () => requests };
}

function guarded(setting: string, resolve = createResolver()): Agent {
  const policy = parseEgressPolicy(setting);
  const agent = new Agent({ connect: createGuardedConnect({ policy, resolve, timeoutMs: 2_000 }) });
  closers.push(() => agent.destroy());
  return agent;
}

async function get(dispatcher: Dispatcher, url: string): Promise<string> {
  const { origin, pathname } = new URL(url);
  const answer = await dispatcher.request({ origin, path: pathname, method: "GET" });
  return answer.body.text();
}

const refused = expect.objectContaining({ code: "EGRESS_REFUSED" });

test("reaches loopback by name and by address when private networks are allowed", async () => {
  const { port } = await loopbackServer();
  const agent = guarded("private");
  expect(await get(agent, `http://127.0.0.1:${port}/`)).toBe("secret");
  expect(await get(agent, `http://localhost:${port}/`)).toBe("secret");
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

test("every address of a name is looked at, not the first alone", async () => {
  const { port, requests } = await loopbackServer();
  const dns = await startDnsServer(() => ["93.184.215.14", "127.0.0.1"]);
  closers.push(() => dns.close());
  const agent = guarded("public", createResolver({ servers: [dns.address] }));
  await expect(get(agent, `http://two.example:${port}/`)).rejects.toEqual(refused);
  expect(requests()).toBe(0);
});

test("a name that first resolves to a public address and then to loopback never reaches it", async () => {
  const { port, requests } = await loopbackServer();
  let answers = 0;
  const dns = await startDnsServer(() => {
    answers += 1;
    return answers === 1 ? ["192.0.2.1"] : ["127.0.0.1"];
  });
  closers.push(() => dns.close());
  let now = 0;
  const resolve = createResolver({ servers: [dns.address], now: () => now });
  const agent = guarded("public", resolve);
  const url = `http://rebind.example:${port}/`;
  // 192.0.2.1 is a documentation address, refused too: the point is what the second answer does.
  await expect(get(agent, url)).rejects.toEqual(refused);
  now += 60_000;
  await expect(get(agent, url)).rejects.toEqual(refused);
  expect(answers).toBeGreaterThan(1);
  expect(requests()).toBe(0);
});

test("undici's own DNS interceptor in front does not lead around the guard", async () => {
  const { port, requests } = await loopbackServer();
  const agent = guarded("public").compose(interceptors.dns());
  await expect(get(agent, `http://localhost:${port}/`)).rejects.toThrow(/not allowed/);
  expect(requests()).toBe(0);
});

test("asks DNS once while the answer is fresh, and again after", async () => {
  const dns = await startDnsServer(() => ["127.0.0.1"]);
  closers.push(() => dns.close());
  let now = 0;
  const resolve = createResolver({ servers: [dns.address], now: () => now });
  await Promise.all([resolve("once.example"), resolve("once.example"), resolve("ONCE.example.")]);
  expect(dns.asked).toEqual(["once.example"]);
  now += 60_000;
  await resolve("once.example");
  expect(dns.asked).toEqual(["once.example", "once.example"]);
});

test("a name that nobody knows is told with its code, and asked for again", async () => {
  let known = false;
  const dns = await startDnsServer(() => (known ? ["127.0.0.1"] : []));
  closers.push(() => dns.close());
  const resolve = createResolver({ servers: [dns.address] });
  await expect(resolve("late.example")).rejects.toMatchObject({ code: "ENODATA" });
  known = true;
  expect(await resolve("late.example")).toEqual(["127.0.0.1"]);
});

test("a name server that drops AAAA queries holds nothing up", async () => {
  const dns = await startDnsServer(() => ["127.0.0.1"], { dropsAaaa: true });
  closers.push(() => dns.close());
  const resolve = createResolver({ servers: [dns.address] });
  const from = performance.now();
  expect(await resolve("v4only.example")).toEqual(["127.0.0.1"]);
  // Asked to the end, the query would take the resolver's three seconds and more.
  expect(performance.now() - from).toBeLessThan(2_000);
});
