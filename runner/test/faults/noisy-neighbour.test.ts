/** No endpoint can affect another endpoint, the number of connections, or the bytes that are sent. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createResolver } from "../../src/egress/resolver.ts";
import { startDnsServer } from "../support/dns-server.ts";
import { createLiveEngine, type LiveEngine } from "../support/live-engine.ts";
import { until } from "../support/until.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Endpoint {
  readonly url: string;
  readonly port: number;
  /** The received bodies, byte for byte, with their `webhook-id`. */
  readonly bodies: { readonly id: string; readonly body: string }[];
  /** The number of connections opened in total, and the most that were open at one time. */
  readonly connections: { opened: number; most: number };
}

async function serve(
  answer: RequestListener,
  { address = "127.0.0.1", port: wanted = 0 } = {},
): Promise<Endpoint> {
  const bodies: { id: string; body: string }[] = [];
  const connections = { opened: 0, most: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const id = String(request.headers["webhook-id"]);
      bodies.push({ id, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    connections.opened += 1;
    connections.most = Math.max(connections.most, sockets.size);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(wanted, address, resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${address}:${port}/`, port, bodies, connections };
}

async function start(options: Parameters<typeof createLiveEngine>[0] = {}): Promise<LiveEngine> {
  const live = await createLiveEngine(options);
  closers.push(() => live.close());
  return live;
}

const ok: RequestListener = (_, response) => void response.end();
const ONE = { headers: {}, on: ["completed"] as const, retries: 5 };

test("2,000 events due to an endpoint that never responds do not delay another endpoint", async () => {
  const dead = await serve(() => {});
  const healthy = await serve(ok);
  const live = await start();
  const webhook = { ...ONE, url: dead.url };
  await Promise.all(Array.from({ length: 2_000 }, () => live.submit({ webhook })));
  await until("the backlog", async () => (await live.store.counts()).deliveries.due >= 1_990);
  const from = performance.now();
  for (let n = 0; n < 50; n += 1) await live.submit({ webhook: { ...ONE, url: healthy.url } });
  await until("the healthy endpoint's events", async () => {
    return (await live.store.counts()).deliveries.delivered === 50;
  });
  // The first attempts to the dead endpoint end after 30 s.
  expect(performance.now() - from).toBeLessThan(10_000);
  expect(dead.connections.most).toBeLessThanOrEqual(2);
  expect(healthy.bodies).toHaveLength(50);
  expect((await live.store.counts()).deliveries).toMatchObject({ due: 2_000, dead: 0 });
});

test("the number of connections follows the attempts in flight, and connections are reused", async () => {
  let inFlight = 0;
  let most = 0;
  const endpoint = await serve((_, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    setTimeout(() => {
      inFlight -= 1;
      response.end();
    }, 2);
  });
  const live = await start({ maxConcurrency: 6 });
  const webhook = { ...ONE, url: endpoint.url };
  await Promise.all(Array.from({ length: 300 }, () => live.submit({ webhook })));
  await live.untilAll(["delivered"]);
  expect(endpoint.bodies).toHaveLength(300);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(6);
  expect(endpoint.connections.opened).toBeLessThanOrEqual(6);
});

test("a body's bytes and the order of its keys are the same in every attempt", async () => {
  const endpoint = await serve((_, response) => {
    response.writeHead(endpoint.bodies.length < 2 ? 503 : 200).end();
  });
  const live = await start();
  // Keys that JSON.parse and JSON.stringify would reorder, and strings that they would change.
  const metadata = { z: 1, a: "ä 🦆   \\u0000", 10: "ten", 9: "nine", nested: { y: [], b: null } };
  const jobId = await live.submit({ metadata, webhook: { ...ONE, url: endpoint.url } });
  await live.untilAll(["delivered"]);
  expect(endpoint.bodies).toHaveLength(2);
  expect(new Set(endpoint.bodies.map(({ body }) => body)).size).toBe(1);
  expect(new Set(endpoint.bodies.map(({ id }) => id)).size).toBe(1);
  const events = await live.store.events(jobId, { after: 0, limit: 10 });
  expect(endpoint.bodies[0]?.body).toBe(events.at(-1)?.body);
});

test("a response that drips in one byte at a time ends at the webhook's timeout", async () => {
  const timers: NodeJS.Timeout[] = [];
  closers.push(async () => {
    for (const timer of timers) clearInterval(timer);
  });
  const endpoint = await serve((_, response) => {
    response.writeHead(500).write(".");
    timers.push(setInterval(() => response.write("."), 50));
  });
  const live = await start();
  await live.engine.webhooks.register({ url: endpoint.url, timeoutMs: 400, retries: 0 });
  const from = performance.now();
  const jobId = await live.submit();
  await live.untilAll(["dead"]);
  // Three events, one after another.
  expect(performance.now() - from).toBeGreaterThan(1_100);
  expect((await live.deliveries(jobId))[0]?.reason).toContain("no complete response within 400 ms");
});

test("an endpoint whose name alternates between two addresses gets requests only at the allowed one", async () => {
  const close: RequestListener = (_, response) => {
    response.setHeader("connection", "close").end();
  };
  const allowed = await serve(close, { address: "127.0.0.2" });
  const secret = await serve(close, { port: allowed.port });
  const dns = await startDnsServer(() => [dns.asked.length % 2 === 1 ? "127.0.0.2" : "127.0.0.1"]);
  closers.push(() => dns.close());
  // Each reading of the clock is a minute later, so that no DNS response is used twice.
  let now = 0;
  const live = await start({
    egress: "127.0.0.2/32",
    resolve: createResolver({ servers: [dns.address], now: () => (now += 60_000) }),
  });
  const url = `http://rebind.example:${allowed.port}/`;
  for (let attempt = 0; attempt < 6; attempt += 1) {
    await live.submit({ webhook: { ...ONE, url } });
    await live.untilAll(["delivered", "dead"]);
  }
  expect(allowed.bodies).toHaveLength(3);
  expect(secret.connections.opened).toBe(0);
  const { items } = await live.store.deliveries({}, { limit: 10, cursor: null });
  const reasons = items.flatMap(({ reason }) => reason ?? []);
  expect(reasons).toEqual(Array(3).fill(expect.stringContaining("EGRESS_REFUSED")));
});
