import { once } from "node:events";
import { createConnection, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { AUTHORIZED, createBackend } from "../../test/support/scripted-backend.ts";

const JSON_TYPE = { "content-type": "application/json" };
const STREAM = { accept: "text/event-stream" };

test.each([
  ["an answer", "/v1/jobs", {}, {}],
  ["a page", "/docs", {}, {}],
  ["a refusal", "/v1/jobs/none", {}, {}],
  ["a request without a token", "/v1/jobs", {}, { authorization: "" }],
  ["a route that does not exist", "/nothing", {}, {}],
  ["a URL that cannot be decoded", "/v1/jobs/%E0%A4", {}, {}],
  ["a shed request", "/v1/jobs", { maxRequests: 0 }, {}],
  ["a foreign host", "/v1/jobs", {}, { host: "evil.example" }],
  ["a health check", "/healthz", {}, {}],
  ["a batch that is too large", "/v1/batches", {}, JSON_TYPE],
])("%s has nosniff", async (_, url, settings, headers) => {
  await using backend = open(settings);
  const response = await backend.app.inject({ url, headers: { ...AUTHORIZED, ...headers } });
  expect(response.headers["x-content-type-options"]).toBe("nosniff");
});

test("an event stream and what is no HTTP have nosniff", async () => {
  await using backend = open({});
  const jobId = backend.addJob({ job: { status: "running" } });
  const base = await backend.app.listen({ host: "127.0.0.1", port: 0 });
  const stream = await fetch(`${base}/v1/jobs/${jobId}/events`, {
    headers: { ...AUTHORIZED, ...STREAM },
  });
  await stream.body?.cancel();
  expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
  expect(stream.headers.get("x-content-type-options")).toBe("nosniff");
  const { port } = backend.app.server.address() as AddressInfo;
  const socket = createConnection(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("no HTTP\r\n\r\n");
  expect(await text(socket)).toContain("\r\nx-content-type-options: nosniff\r\n");
});

function open(settings: Parameters<typeof createBackend>[0]) {
  const backend = createBackend(settings);
  return { ...backend, [Symbol.asyncDispose]: () => backend.app.close() };
}
