/** Hosts with several addresses, of which some respond late or never. */
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  startFullAcceptQueue,
  type FullAcceptQueue,
} from "../../test/support/full-accept-queue.ts";
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

test("an abort ends all attempts with its reason", async () => {
  const { port } = await slowServer();
  const deadline = new AbortController();
  const opened = open(["127.0.0.1", "127.0.0.1"], port, deadline.signal);
  const reason = new Error("too late");
  deadline.abort(reason);
  await expect(opened).rejects.toBe(reason);
  await expect(open(["127.0.0.1"], port, deadline.signal)).rejects.toBe(reason);
});
