import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { until } from "../../test/support/until.ts";
import { AUTHORIZED, createBackend, type Backend } from "../../test/support/scripted-backend.ts";
import type { StoreReads } from "../ports/store/store.ts";
import { streamEvents } from "./sse.ts";

let backend: Backend;
const open: IncomingMessage[] = [];

beforeEach(async () => {
  backend = createBackend({ maxStreams: 2 });
  await backend.app.listen({ port: 0, host: "127.0.0.1" });
});

afterEach(async () => {
  vi.useRealTimers();
  for (const response of open.splice(0)) response.destroy();
  await backend.app.close();
});

interface Stream {
  readonly response: IncomingMessage;
  /** Returns the frames received so far, without the `retry` field at the start. */
  readonly frames: () => string[];
  readonly untilFrames: (count: number) => Promise<string[]>;
  readonly ended: Promise<void>;
}

/** Uses a real socket, because an injected request cannot disconnect or read slowly. */
async function stream(jobId: string, headers: Record<string, string> = {}): Promise<Stream> {
  const { port } = backend.app.server.address() as AddressInfo;
  const request = httpRequest({
    port,
    host: "127.0.0.1",
    path: `/v1/jobs/${jobId}/events`,
    headers: { ...AUTHORIZED, accept: "text/event-stream", ...headers },
  }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  open.push(response);
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  response.on("error", () => {});
  const frames = (): string[] =>
    text
      .split("\n\n")
      .slice(0, -1)
      .filter((frame) => !frame.startsWith("retry:"));
  return {
    response,
    frames,
    untilFrames: (count) =>
      until(`${count} frames`, () => (frames().length >= count ? frames() : null)),
    ended: once(response, "close").then(() => undefined),
  };
}

test.each([
  ["text/event-stream", "text/event-stream"],
  ["application/json, Text/Event-Stream; q=0.5", "text/event-stream"],
  ["application/json, text/event-stream;q=0", "application/json"],
  ["text/event-stream; q=0.000, */*", "application/json"],
  ["x-text/event-stream", "application/json"],
])("Accept: %s is answered with %s", async (accept, type) => {
  const id = backend.addJob();
  const { response } = await stream(id, { accept });
  expect(response.headers["content-type"]).toContain(type);
});

test("an event is a frame with its sequence as id, its kind and the delivered payload", async () => {
  const id = backend.addJob();
  backend.addEvent(id, "started", { text: "ü\n" });
  const { response, untilFrames } = await stream(id);
  expect(response.headers["content-type"]).toContain("text/event-stream");
  expect(await untilFrames(1)).toEqual([
    `id: 1\nevent: started\ndata: {"status":"started","jobId":"${id}","sequence":1,"text":"ü\\n"}`,
  ]);
});

test("a stream ends before the next event when its token is removed", async () => {
  const id = backend.addJob();
  const { untilFrames, ended, frames } = await stream(id, { authorization: "Bearer read-token" });
  const { untilFrames: others } = await stream(id);
  backend.addEvent(id, "started");
  await untilFrames(1);
  backend.forgetToken("read-token");
  backend.addEvent(id, "progress");
  await ended;
  expect(frames()).toHaveLength(1);
  expect(await others(2)).toHaveLength(2);
});

test("events are sent as they happen, and the stream ends after the last one", async () => {
  const id = backend.addJob();
  const { untilFrames, ended, frames } = await stream(id);
  for (const kind of ["started", "progress", "completed"] as const) {
    const before = frames().length;
    backend.addEvent(id, kind);
    await untilFrames(before + 1);
  }
  await ended;
  expect(frames().map((frame) => frame.split("\n")[1])).toEqual([
    "event: started",
    "event: progress",
    "event: completed",
  ]);
  expect(backend.listenerCount(id)).toBe(0);
});

test("a stream with Last-Event-ID resumes after that event", async () => {
  const id = backend.addJob();
  for (const kind of ["started", "progress", "progress", "completed"] as const)
    backend.addEvent(id, kind);
  const { ended, frames } = await stream(id, { "last-event-id": "2" });
  await ended;
  expect(frames().map((frame) => frame.split("\n")[0])).toEqual(["id: 3", "id: 4"]);
});

test("more events than one read returns are all sent, in order", async () => {
  const id = backend.addJob();
  for (let n = 0; n < 250; n += 1) backend.addEvent(id, "progress");
  backend.addEvent(id, "completed");
  const { ended, frames } = await stream(id);
  await ended;
  expect(frames().map((frame) => Number(/^id: (\d+)/.exec(frame)?.[1]))).toEqual(
    Array.from({ length: 251 }, (_, n) => n + 1),
  );
});

test("a client that has seen the last event gets a 204, which stops it from reconnecting", async () => {
  const id = backend.addJob();
  backend.addEvent(id, "started");
  backend.addEvent(id, "completed");
  const { response } = await stream(id, { "last-event-id": "2" });
  expect(response.statusCode).toBe(204);
});

test("a Last-Event-ID that the job has not reached does not suppress the next events", async () => {
  const id = backend.addJob();
  backend.addEvent(id, "started");
  const { untilFrames } = await stream(id, { "last-event-id": "99" });
  backend.addEvent(id, "progress");
  expect((await untilFrames(1))[0]).toContain("id: 2");
});

test("the failed event before a retry does not end the stream", async () => {
  const id = backend.addJob();
  backend.addEvent(id, "started");
  backend.addEvent(id, "failed");
  backend.change(id, { status: "queued" });
  const { untilFrames, ended } = await stream(id);
  await untilFrames(2);
  backend.addEvent(id, "progress");
  backend.addEvent(id, "completed");
  await ended;
  expect(await untilFrames(4)).toHaveLength(4);
});

test("only the newest progress of the current step is sent, without an id", async () => {
  const id = backend.addJob();
  backend.addEvent(id, "started");
  const { untilFrames } = await stream(id);
  await untilFrames(1);
  const report = (fraction: number): void =>
    backend.signal(id, { kind: "step-progress", progress: { fraction, message: null, at: 0 } });
  report(0.1);
  report(0.2);
  expect((await untilFrames(2))[1]).toBe(
    'event: step-progress\ndata: {"fraction":0.2,"message":null,"at":"1970-01-01T00:00:00.000Z"}',
  );
  report(0.9);
  backend.addEvent(id, "progress");
  expect((await untilFrames(3))[2]).toContain("id: 2\nevent: progress");
});

test("a stream that begins during a step starts with its progress", async () => {
  const id = backend.addJob();
  backend.addEvent(id, "started");
  backend.setProgress({ fraction: null, message: "reading", at: 0 });
  const { untilFrames } = await stream(id);
  expect((await untilFrames(2))[1]).toContain('"message":"reading"');
});

test("a client that disconnects leaves no listener behind", async () => {
  const id = backend.addJob();
  const { response } = await stream(id);
  await until("a listener", () => backend.listenerCount(id) === 1);
  response.destroy();
  await until("no listener", () => backend.listenerCount(id) === 0);
});

test("streams over the limit are refused until one ends", async () => {
  const id = backend.addJob();
  const [first] = [await stream(id), await stream(id)];
  const refused = await stream(id);
  expect(refused.response.statusCode).toBe(503);
  expect(refused.response.headers["retry-after"]).toBe("1");
  expect(refused.response.headers["content-type"]).toContain("problem+json");
  first?.response.destroy();
  await until("a stream to be accepted", async () => {
    const { response } = await stream(id);
    return response.statusCode === 200;
  });
});

test("closing the server ends its streams", async () => {
  const id = backend.addJob();
  const { ended } = await stream(id);
  await Promise.all([backend.app.close(), ended]);
});

test("a client that does not read delays only its own events", async () => {
  const id = backend.addJob();
  backend.addEvent(id, "started", { big: "x".repeat(1024 * 1024) });
  let reads = 0;
  const events: StoreReads["events"] = (...request) => {
    reads += 1;
    return backend.reads.events(...request);
  };
  const signal = AbortSignal.timeout(20_000);
  const text = streamEvents(
    {
      jobId: id,
      job: { status: "running", sequence: 1 },
      after: 0,
      signal,
      isAllowed: () => true,
      hasRoomFor: () => true,
    },
    { engine: backend.engine, reads: { events } },
  );
  expect((await text.next()).value).toBe("retry: 2000\n\n");
  expect((await text.next()).value).toContain("id: 1");
  for (let n = 0; n < 100; n += 1) backend.addEvent(id, "progress");
  await sleep(5);
  // The client has not read further, so nothing more was read from the store.
  expect(reads).toBe(1);
  expect((await text.next()).value).toContain("id: 2");
  await text.return(undefined);
  expect(backend.listenerCount(id)).toBe(0);
});

test("an idle stream sends a comment every 15 s", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const id = backend.addJob();
  const { signal } = new AbortController();
  const text = streamEvents(
    {
      jobId: id,
      job: { status: "queued", sequence: 0 },
      after: 0,
      signal,
      isAllowed: () => true,
      hasRoomFor: () => true,
    },
    backend,
  );
  await text.next();
  const beat = text.next();
  await vi.advanceTimersByTimeAsync(14_999);
  expect(await Promise.race([beat, Promise.resolve("nothing yet")])).toBe("nothing yet");
  await vi.advanceTimersByTimeAsync(1);
  expect((await beat).value).toBe(": still here\n\n");
  await text.return(undefined);
});
