import { once } from "node:events";
import { createConnection, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { AUTHORIZED, createBackend, type Backend } from "../../test/support/scripted-backend.ts";

let backend: Backend;
afterEach(() => backend.app.close());

const UNDER_A_PATH = { publicUrl: "https://example.com/tools/playground" };

test.each([
  [UNDER_A_PATH, "/tools/playground"],
  [{ publicUrl: "https://example.com" }, ""],
  [{}, ""],
])("with %j, Location and the type of errors begin with %j", async (settings, basePath) => {
  backend = createBackend(settings);
  const submitted = await backend.app.inject({
    method: "POST",
    url: "/v1/jobs",
    headers: AUTHORIZED,
    payload: { plugins: ["echo"] },
  });
  expect(submitted.headers.location).toBe(`${basePath}/v1/jobs/job_1`);
  for (const [url, code] of [
    ["/v1/jobs/none", "JOB_NOT_FOUND"],
    ["/nothing", "ROUTE_NOT_FOUND"],
    ["/v1/jobs/%E0%A4", "REQUEST_MALFORMED"],
  ] as const) {
    const response = await backend.app.inject({ url, headers: AUTHORIZED });
    expect(response.json()).toMatchObject({ type: `${basePath}/docs#${code}` });
  }
});

test.each([
  ["keeps", "/tools/playground/v1/jobs/none"],
  ["removes", "/v1/jobs/none"],
])("a proxy that %s the base path reaches the route", async (_, url) => {
  backend = createBackend(UNDER_A_PATH);
  const response = await backend.app.inject({ url, headers: AUTHORIZED });
  expect(response.json()).toMatchObject({ code: "JOB_NOT_FOUND" });
});

test.each(["/tools/playgroundv1/jobs", "/tools/v1/jobs", "/tools/playground//v1/jobs"])(
  "%s is no route: only the whole base path is removed, once",
  async (url) => {
    backend = createBackend(UNDER_A_PATH);
    const response = await backend.app.inject({ url, headers: AUTHORIZED });
    expect(response.json()).toMatchObject({ code: "ROUTE_NOT_FOUND" });
  },
);

test("a base path that begins like a route is not removed", async () => {
  backend = createBackend({ publicUrl: "https://example.com/v1" });
  const response = await backend.app.inject({ url: "/v1/jobs/none", headers: AUTHORIZED });
  expect(response.json()).toMatchObject({ code: "JOB_NOT_FOUND" });
});

test("a request that is no HTTP and a shed request get the base path too", async () => {
  backend = createBackend({ ...UNDER_A_PATH, maxRequests: 0 });
  const shed = await backend.app.inject({ url: "/v1/jobs", headers: AUTHORIZED });
  expect(shed.json()).toMatchObject({ type: "/tools/playground/docs#OVERLOADED" });
  await backend.app.listen({ host: "127.0.0.1", port: 0 });
  const socket = createConnection((backend.app.server.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("no HTTP\r\n\r\n");
  expect(await text(socket)).toContain('"type":"/tools/playground/docs#REQUEST_MALFORMED"');
});

test("the OpenAPI document names the public URL as its server, and no server without one", async () => {
  backend = createBackend(UNDER_A_PATH);
  const read = async () =>
    (await backend.app.inject({ url: "/openapi.json", headers: AUTHORIZED })).json();
  expect(await read()).toMatchObject({ servers: [{ url: UNDER_A_PATH.publicUrl }] });
  await backend.app.close();
  backend = createBackend();
  expect(await read()).not.toHaveProperty("servers");
});
