import net, { type AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  AUTHORIZED,
  createBackend,
  problemOf,
  TOKEN,
  type Backend,
} from "../../test/support/scripted-backend.ts";
import { until } from "../../test/support/until.ts";
import { streamEvents } from "./sse.ts";

const MIB = 1024 * 1024;
// Responses of 250 MiB, several times in each test, take long on a machine that is short of memory.
vi.setConfig({ testTimeout: 120_000 });

let backend: Backend;
const sockets: net.Socket[] = [];

beforeEach(async () => {
  backend = createBackend();
  await backend.app.listen({ port: 0, host: "127.0.0.1" });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await backend.app.close();
});

function addJobOf(mib: number): string {
  return `/v1/jobs/${backend.addJob({ request: { input: "x".repeat(mib * MIB) } })}`;
}

/** Requests the path, and reads only the beginning of the response. */
async function getUnread(path: string): Promise<net.Socket> {
  const { port } = backend.app.server.address() as AddressInfo;
  const socket = net.connect(port, "127.0.0.1").on("error", () => {});
  sockets.push(socket);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  return socket;
}

test("a large response is refused while unread ones leave no room, and small ones are not", async () => {
  const path = addJobOf(130);
  const unread = await getUnread(path);
  const refused = await backend.get(path);
  expect(problemOf(refused)).toMatchObject({ status: 503, code: "OVERLOADED" });
  expect(problemOf(refused).detail).toMatch(
    /^The responses that clients have not read yet are \d{9} /,
  );
  expect(refused.headers["retry-after"]).toBe("1");
  for (const url of ["/v1/jobs", "/healthz", "/metrics"]) {
    expect((await backend.get(url)).statusCode).toBe(200);
  }
  unread.destroy();
  await until("room", async () => (await backend.get(path)).statusCode === 200);
});

test("a response over the limit is sent when no other one is unread", async () => {
  const path = addJobOf(257);
  expect((await backend.get(path)).statusCode).toBe(200);
  expect((await backend.get(path)).statusCode).toBe(200);
  await getUnread(addJobOf(20));
  expect((await backend.get(path)).statusCode).toBe(503);
});

test("the response to a change is sent even without room", async () => {
  await getUnread(addJobOf(250));
  const path = addJobOf(10);
  const headers = AUTHORIZED;
  backend.engine.cancel = async () => {};
  const cancelled = await backend.app.inject({ method: "POST", url: `${path}/cancel`, headers });
  expect(cancelled.statusCode).toBe(202);
});

test("an event stream ends when there is no room for its next event, and resumes later", async () => {
  const jobId = backend.addJob();
  const sizes = [1, 2].map((mib) => mib * MIB);
  for (const size of sizes) backend.addEvent(jobId, "progress", { big: "x".repeat(size) });
  const asked: number[] = [];
  const stream = (after: number) =>
    streamEvents(
      {
        jobId,
        job: { status: "running", sequence: 2 },
        after,
        signal: AbortSignal.timeout(20_000),
        isAllowed: () => true,
        hasRoomFor(bytes) {
          asked.push(bytes);
          return bytes < 2 * MIB || after > 0;
        },
      },
      backend,
    );
  const frames = [];
  for await (const frame of stream(0)) frames.push(frame);
  expect(frames.map((frame) => /^id: \d/.exec(frame)?.[0])).toEqual([undefined, "id: 1"]);
  expect(asked.map((bytes) => Math.floor(bytes / MIB))).toEqual([1, 2]);
  const resumed = stream(1);
  await resumed.next();
  expect((await resumed.next()).value).toMatch(/^id: 2/);
  await resumed.return(undefined);
});
