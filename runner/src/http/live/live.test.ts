/** The streams over real sockets. */
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AUTHORIZED, createBackend, type Backend } from "../../../test/support/scripted-backend.ts";
import { until } from "../../../test/support/until.ts";
import type { LogEntry } from "../../ports/store/logs.ts";

let backend: Backend;
const open: IncomingMessage[] = [];

beforeEach(async () => {
  backend = createBackend({ maxStreams: 2 });
  await backend.app.listen({ port: 0, host: "127.0.0.1" });
});

afterEach(async () => {
  for (const response of open.splice(0)) response.destroy();
  await backend.app.close();
});

async function stream(path: string, headers: Record<string, string> = {}) {
  const { port } = backend.app.server.address() as AddressInfo;
  const request = httpRequest({
    port,
    host: "127.0.0.1",
    path,
    headers: { ...AUTHORIZED, ...headers },
  }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  open.push(response);
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  response.on("error", () => {});
  const frames = (): string[] => text.split("\n\n").filter((frame) => frame.includes("event: "));
  return {
    response,
    frames,
    untilFrames: (count: number) =>
      until(`${count} frames`, () => (frames().length >= count ? frames() : null)),
    ended: once(response, "close"),
  };
}

const change = (jobId: string): void =>
  backend.feed.publish({ kind: "job", jobId, change: { kind: "changed", status: "running" } });

test("the stream's headers keep proxies from buffering and changing it", async () => {
  const { response } = await stream("/v1/stream");
  expect(response.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  });
});

test("every client gets every change", async () => {
  const both = [await stream("/v1/stream"), await stream("/v1/stream")];
  await Promise.all(both.map(({ untilFrames }) => untilFrames(1)));
  change("job_1");
  for (const { untilFrames } of both) {
    const [status, jobs] = await untilFrames(2);
    expect(status).toContain('event: status\ndata: {"version":');
    expect(jobs).toMatch(/^id: \d+\nevent: jobs\ndata: \[\{"jobId":"job_1","status":"running"/);
  }
});

test("streams of all kinds share one limit, and a stream that ended makes room", async () => {
  const id = backend.addJob();
  const first = await stream("/v1/stream");
  await stream(`/v1/jobs/${id}/logs/stream`);
  const refused = await stream(`/v1/jobs/${id}/events`, { accept: "text/event-stream" });
  expect(refused.response.statusCode).toBe(503);
  first.response.destroy();
  await until("room for a stream", async () => {
    const { response } = await stream("/v1/stream");
    return response.statusCode === 200;
  });
});

test("HEAD returns the headers and opens no stream", async () => {
  const { port } = backend.app.server.address() as AddressInfo;
  for (const path of ["/v1/stream", `/v1/jobs/${backend.addJob()}/logs/stream`]) {
    for (let repeated = 0; repeated < 3; repeated += 1) {
      const head = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: "HEAD",
        headers: AUTHORIZED,
      });
      expect(head.status).toBe(200);
      expect(head.headers.get("content-type")).toContain("text/event-stream");
    }
  }
});

test("a stream ends when its token is removed", async () => {
  const { untilFrames, ended } = await stream("/v1/stream", { authorization: "Bearer read-token" });
  await untilFrames(1);
  backend.forgetToken("read-token");
  change("job_1");
  await ended;
});

test("streams end when the server closes", async () => {
  const both = [
    await stream("/v1/stream"),
    await stream(`/v1/jobs/${backend.addJob()}/logs/stream`),
  ];
  await backend.app.close();
  await Promise.all(both.map(({ ended }) => ended));
});

function line(number: number): LogEntry {
  return { number, step: 0, at: 0, level: "info", message: `line ${number}`, data: null };
}

/** Gives the job these lines. */
function storeLines(lines: readonly LogEntry[]): void {
  Object.assign(backend.reads, {
    logs: async (_: string, { after, limit }: { after: number; limit: number }) =>
      lines.filter(({ number }) => number > after).slice(0, limit),
  });
}

test("log lines are sent as they are stored, and the stream ends after the job's last line", async () => {
  const id = backend.addJob();
  const lines = [line(3), line(7)];
  storeLines(lines);
  const { untilFrames, ended, frames } = await stream(`/v1/jobs/${id}/logs/stream`);
  await untilFrames(2);
  lines.push(line(8));
  backend.signal(id, { kind: "logged" });
  await untilFrames(3);
  lines.push(line(9));
  backend.addEvent(id, "completed");
  await ended;
  expect(frames().map((frame) => frame.split("\ndata: ")[0])).toEqual([
    "id: 3\nevent: log",
    "id: 7\nevent: log",
    "id: 8\nevent: log",
    "id: 9\nevent: log",
    "event: end",
  ]);
  expect(JSON.parse(frames()[0]?.split("\ndata: ")[1] ?? "")).toMatchObject({
    number: 3,
    message: "line 3",
  });
  expect(frames()[4]).toContain('{"status":"completed"}');
  expect(backend.listenerCount(id)).toBe(0);
});

test.each([
  ["Last-Event-ID", "", { "last-event-id": "7" }],
  ["the cursor", "?cursor=7", {}],
  ["Last-Event-ID, not the cursor,", "?cursor=3", { "last-event-id": "7" }],
])("a log stream continues after %s", async (_, query, headers) => {
  const id = backend.addJob();
  storeLines([line(3), line(7), line(8)]);
  backend.addEvent(id, "failed");
  const given = headers as Record<string, string>;
  const { ended, frames } = await stream(`/v1/jobs/${id}/logs/stream${query}`, given);
  await ended;
  expect(frames().map((frame) => frame.split("\n")[0])).toEqual(["id: 8", "event: end"]);
});

test("many lines of a job that has ended are all sent, in order", async () => {
  const id = backend.addJob();
  storeLines(Array.from({ length: 1_234 }, (_, index) => line(index + 1)));
  backend.addEvent(id, "completed");
  const { ended, frames } = await stream(`/v1/jobs/${id}/logs/stream`);
  await ended;
  expect(frames()).toHaveLength(1_235);
  expect(frames().at(-2)).toContain('"message":"line 1234"');
});

test("the log of a job that has ended is not streamed to a client that has seen all of it", async () => {
  const id = backend.addJob();
  storeLines([line(3)]);
  backend.addEvent(id, "completed");
  const path = `/v1/jobs/${id}/logs/stream`;
  expect((await backend.get(`${path}?cursor=3`)).statusCode).toBe(204);
  expect((await backend.get("/v1/jobs/job_unknown/logs/stream")).statusCode).toBe(404);
});
