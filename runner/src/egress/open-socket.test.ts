/** Hosts with several addresses, of which some respond late or never. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { getEventListeners, once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  startFullAcceptQueue,
  type FullAcceptQueue,
} from "../../test/support/full-accept-queue.ts";
import { until } from "../../test/support/until.ts";
import { openSocket } from "./open-socket.ts";

async function slowServer(): Promise<FullAcceptQueue> {
  const server = await startFullAcceptQueue();
  onTestFinished(() => server.close());
  return server;
}

async function listen(address: string, port: number): Promise<void> {
  const server = createServer((socket) => socket.end()).listen(port, address);
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
}

function open(addresses: readonly string[], port: number, signal = new AbortController().signal) {
  return openSocket({ addresses, port, signal });
}

/** The address that was reached. */
async function reach(addresses: readonly string[], port: number): Promise<string | undefined> {
  const socket = await open(addresses, port);
  const { remoteAddress } = socket;
  socket.destroy();
  return remoteAddress;
}

test("a host with a slow handshake is reached although its other address refuses", async () => {
  const { port, release } = await slowServer();
  const from = performance.now();
  const reached = reach(["127.0.0.1", "127.0.0.2"], port);
  // By then the kernel has sent the SYN, and dropped it.
  await new Promise((resolve) => setImmediate(resolve));
  release();
  expect(await reached).toBe("127.0.0.1");
  // Otherwise the handshake was not slow, and the test shows nothing.
  expect(performance.now() - from).toBeGreaterThan(250);
});

test("an address that never responds delays a host by a quarter of a second", async () => {
  const { port } = await slowServer();
  await listen("127.0.0.2", port);
  const from = performance.now();
  expect(await reach(["127.0.0.1", "127.0.0.2"], port)).toBe("127.0.0.2");
  expect(performance.now() - from).toBeLessThan(3_000);
});

test("the next address is tried immediately after a refusal", async () => {
  const { port } = await slowServer();
  await listen("127.0.0.99", port);
  const refusing = Array.from({ length: 40 }, (_, n) => `127.0.0.${n + 2}`);
  const from = performance.now();
  expect(await reach([...refusing, "127.0.0.99"], port)).toBe("127.0.0.99");
  // A quarter of a second after each refusal would be 10 s.
  expect(performance.now() - from).toBeLessThan(8_000);
});

test("a host that refuses at every address fails with each of them", async () => {
  const { port } = await slowServer();
  await expect(open(["127.0.0.2"], port)).rejects.toMatchObject({
    code: "ECONNREFUSED",
    message: `connect ECONNREFUSED 127.0.0.2:${port}`,
  });
  await expect(open(["127.0.0.2", "127.0.0.3"], port)).rejects.toMatchObject({
    code: "ECONNREFUSED",
    errors: [{ address: "127.0.0.2" }, { address: "127.0.0.3" }],
  });
});

/** The client sockets that are made from now on, in this process. */
function watchSockets(): Set<Socket> {
  const sockets = new Set<Socket>();
  const onSocket = (message: unknown): void => {
    sockets.add((message as { socket: Socket }).socket);
  };
  subscribe("net.client.socket", onSocket);
  onTestFinished(() => void unsubscribe("net.client.socket", onSocket));
  return sockets;
}

test("the attempts at the other addresses end when one of them is reached", async () => {
  const { port } = await slowServer();
  await listen("127.0.0.2", port);
  const made = watchSockets();
  const signal = new AbortController().signal;
  const socket = await open(["127.0.0.1", "127.0.0.2", "127.0.0.3"], port, signal);
  expect(socket.remoteAddress).toBe("127.0.0.2");
  expect([...made].filter((other) => other !== socket && !other.destroyed)).toEqual([]);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  socket.destroy();
  // The third would have had its turn by then.
  const from = performance.now();
  await until("the delay of an attempt to pass", () => performance.now() - from > 300);
  expect(made.size).toBe(2);
});

test("an abort after the connection closes it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const deadline = new AbortController();
  const { port } = server.address() as AddressInfo;
  const socket = await open(["127.0.0.1"], port, deadline.signal);
  expect(socket.destroyed).toBe(false);
  deadline.abort();
  expect(socket.destroyed).toBe(true);
});

test("an abort ends all attempts with its reason", async () => {
  const { port } = await slowServer();
  const made = watchSockets();
  const deadline = new AbortController();
  const opened = open(["127.0.0.1", "127.0.0.1"], port, deadline.signal);
  const reason = new Error("too late");
  deadline.abort(reason);
  await expect(opened).rejects.toBe(reason);
  expect([...made].filter((socket) => !socket.destroyed)).toEqual([]);
  await expect(open(["127.0.0.1"], port, deadline.signal)).rejects.toBe(reason);
});
