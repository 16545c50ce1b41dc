import { once } from "node:events";
import net from "node:net";
import { gzipSync } from "node:zlib";
import { fastify } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Refused } from "../domain/errors.ts";
import { registerAdmission } from "./admission.ts";
import {
  AUTHORIZED,
  createBackend,
  TOKEN,
  type Backend,
} from "../../test/support/scripted-backend.ts";
import { until } from "../../test/support/until.ts";

const MAX_REQUESTS = 3;

let backend: Backend;
/** Completes the submissions that the scripted store has not stored yet. */
let pending: (() => void)[];

beforeEach(() => {
  backend = createBackend({ maxRequests: MAX_REQUESTS, maxWaits: 2, maxStreams: 2 });
  pending = [];
  backend.answerSubmitWith(async () => {
    const jobId = backend.addJob();
    await new Promise<void>((resolve) => pending.push(resolve));
    return { jobId, replayed: false, joined: false };
  });
});
afterEach(() => backend.app.close());

function submit(headers: Record<string, string> = {}) {
  const body = { plugins: ["echo"] };
  return backend.app.inject({
    method: "POST",
    url: "/v1/jobs",
    payload: body,
    headers: { ...AUTHORIZED, ...headers },
  });
}

const get = (url: string) => backend.app.inject({ url, headers: AUTHORIZED });

/** Sends a request, or the beginning of one, on a new connection. */
function connect(url: URL, line: string, headers: Record<string, string>, body = ""): net.Socket {
  const lines = Object.entries({ host: url.host, ...AUTHORIZED, ...headers });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const socket = net.connect(Number(url.port), url.hostname);
  socket.write(`${line} HTTP/1.1\r\n${head}\r\n${body}`);
  return socket;
}

/** Counts the responses to clients with a connection. Injected requests are not counted. */
function countResponses() {
  const count = { begun: 0, ended: 0 };
  backend.app.server.on("request", (_, response) => {
    count.begun += 1;
    response.once("close", () => (count.ended += 1));
  });
  return { begun: () => count.begun, ended: () => count.ended };
}

async function refusals(limit: string): Promise<number> {
  const text = (await get("/metrics")).body;
  return Number(
    new RegExp(`^playground_refused_total\\{limit="${limit}"\\} (\\d+)$`, "m").exec(text)?.[1],
  );
}

/** Takes every slot. */
async function fill(): Promise<Promise<unknown>[]> {
  const responses = Array.from({ length: MAX_REQUESTS }, () => submit());
  await until("all to be in flight", () => pending.length === MAX_REQUESTS);
  return responses;
}

test("a request whose body has no room when its session has been looked up is refused", async () => {
  const app = fastify();
  registerAdmission(app, {
    settings: { maxRequests: 1, bodyLimit: 1e9, publicUrl: undefined },
    metrics: { refused: () => {} },
    logger: { warn: () => {} },
    authenticate: async () => {},
  });
  app.setErrorHandler((error: Refused, _request, reply) => reply.code(503).send(error.code));
  app.post("/v1/jobs", { config: { access: "run" } }, async () => "accepted");
  const headers = { "content-length": "300000000", "content-type": "application/json" };
  const response = await app.inject({ method: "POST", url: "/v1/jobs", headers, payload: "{}" });
  expect(response).toMatchObject({ statusCode: 503, body: "OVERLOADED" });
  await app.close();
});

test("a request over the limit of requests in flight gets a 503 with Retry-After", async () => {
  const responses = await fill();
  for (const response of [await submit(), await get("/v1/jobs")]) {
    expect(response.statusCode).toBe(503);
    expect(response.headers["retry-after"]).toBe("1");
    expect(response.headers["content-type"]).toBe("application/problem+json");
    expect(response.json()).toMatchObject({ code: "OVERLOADED" });
    expect(response.json<{ detail: string }>().detail).toContain("PLAYGROUND_MAX_REQUESTS");
  }
  expect(pending).toHaveLength(MAX_REQUESTS);
  for (const complete of pending) complete();
  await Promise.all(responses);
  expect(await refusals("requests")).toBe(2);
  const metrics = (await get("/metrics")).body;
  expect(metrics).toMatch(/_count\{[^}]*route="\/v1\/jobs"[^}]*status="503"[^}]*\} 1$/m);
});

test("the log has one line with the number of shed requests, and no line for each", async () => {
  const responses = await fill();
  for (let n = 0; n < 5; n += 1) await submit();
  for (const complete of pending) complete();
  await Promise.all(responses);
  await backend.app.close();
  const logged = backend.logLines.filter((line) => line.includes('"status":503'));
  expect(logged).toHaveLength(1);
  expect(JSON.parse(logged[0] ?? "")).toMatchObject({ msg: "http.shed", requests: 5 });
});

test("health checks are answered when every slot is taken", async () => {
  const responses = await fill();
  expect((await get("/healthz")).statusCode).toBe(200);
  expect((await get("/readyz")).statusCode).toBe(200);
  for (const complete of pending) complete();
  await Promise.all(responses);
});

test("every request frees its slot, whatever its response is", async () => {
  for (let round = 0; round < 3; round += 1) {
    const responses = await fill();
    expect((await submit()).statusCode).toBe(503);
    for (const complete of pending.splice(0)) complete();
    await Promise.all(responses);
    for (const url of ["/v1/jobs/none", "/nowhere", "/v1/jobs?limit=x"]) await get(url);
    await backend.app.inject({ url: "/v1/jobs" });
  }
  expect((await get("/v1/jobs")).statusCode).toBe(200);
});

test("requests without a valid token take no slot, even while their body is missing", async () => {
  const url = new URL(await backend.app.listen({ port: 0 }));
  const responses = countResponses();
  const body = { "content-type": "application/json", "content-length": "1" };
  const unknown = { ...body, authorization: "Bearer unknown" };
  const sockets = Array.from({ length: MAX_REQUESTS }, () =>
    connect(url, "POST /v1/jobs", unknown),
  );
  await until("all to arrive", () => responses.begun() === MAX_REQUESTS);
  expect((await get("/v1/jobs")).statusCode).toBe(200);
  for (const socket of sockets) socket.resetAndDestroy();
});

test("a webhook test keeps its slot while it runs", async () => {
  const testing: (() => void)[] = [];
  backend.engine.testWebhook = async () => {
    await new Promise<void>((resolve) => testing.push(resolve));
    return [];
  };
  const start = () =>
    backend.app.inject({ method: "POST", url: "/v1/webhooks/wh_1/test", headers: AUTHORIZED });
  const tests = Array.from({ length: MAX_REQUESTS }, start);
  await until("all to run", () => testing.length === MAX_REQUESTS);
  expect((await start()).statusCode).toBe(503);
  for (const end of testing) end();
  for (const response of await Promise.all(tests)) expect(response.statusCode).toBe(200);
});

describe("a client that does not read its responses", () => {
  beforeEach(async () => {
    await backend.app.close();
    backend = createBackend({ maxRequests: MAX_REQUESTS, requestTimeoutMs: 300 });
  });

  test("is disconnected, which frees the slots of all its pipelined requests", async () => {
    const jobId = backend.addJob({ request: { input: "x".repeat(16 * 1024 * 1024) } });
    const url = new URL(await backend.app.listen({ port: 0 }));
    const responses = countResponses();
    const line = `GET /v1/jobs/${jobId}`;
    const request = `${line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`;
    const socket = connect(url, line, {}, request.repeat(19));
    socket.on("error", () => {}).pause();
    await until(
      "all slots to be taken",
      () => responses.begun() - responses.ended() >= MAX_REQUESTS,
    );
    expect((await get("/v1/jobs")).statusCode).toBe(503);
    await until("all to be closed", () => responses.begun() === responses.ended());
    expect((await get("/v1/jobs")).statusCode).toBe(200);
    socket.resetAndDestroy();
  });

  test("keeps its connection while its next request waits for a job", async () => {
    const url = new URL(await backend.app.listen({ port: 0 }));
    const body = '{"plugins":["echo"]}';
    const headers = {
      host: "x",
      ...AUTHORIZED,
      "content-type": "application/json",
      prefer: "wait=1",
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const submission = `POST /v1/jobs HTTP/1.1\r\n${lines.join("")}content-length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(url, "GET /v1/jobs", {}, submission);
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    await until("both responses", () => statuses().length === 2 || socket.closed);
    expect(statuses()).toEqual(["200", "202"]);
    socket.resetAndDestroy();
  });
});

describe("a client that disconnects", () => {
  const body = '{"plugins":["echo"]}';
  const headers = { "content-type": "application/json", "content-length": String(body.length) };

  test("in the middle of its request frees its slot", async () => {
    const url = new URL(await backend.app.listen({ port: 0 }));
    const responses = countResponses();
    const sockets = Array.from({ length: MAX_REQUESTS }, () =>
      connect(url, "POST /v1/jobs", headers, body.slice(0, 5)),
    );
    await until("all to be in flight", () => responses.begun() === MAX_REQUESTS);
    expect((await get("/v1/jobs")).statusCode).toBe(503);
    for (const socket of sockets) socket.resetAndDestroy();
    await until("a free slot", async () => (await get("/v1/jobs")).statusCode === 200);
  });

  test("before its response frees its slot when its work is done", async () => {
    const url = new URL(await backend.app.listen({ port: 0 }));
    const responses = countResponses();
    const sockets = Array.from({ length: MAX_REQUESTS }, () =>
      connect(url, "POST /v1/jobs", headers, body),
    );
    await until("all to be in flight", () => pending.length === MAX_REQUESTS);
    for (const socket of sockets) socket.resetAndDestroy();
    await until("all to disconnect", () => responses.ended() === MAX_REQUESTS);
    expect((await get("/v1/jobs")).statusCode).toBe(503);
    for (const complete of pending) complete();
    await until("a free slot", async () => (await get("/v1/jobs")).statusCode === 200);
  });
});

describe("the memory for bodies is limited to 256 MiB:", () => {
  const MIB = 1024 * 1024;
  /** Counts as 64 bytes a value, which is 61 MiB. */
  const MANY_VALUES = { plugins: ["echo"], input: Array.from({ length: 999_000 }, () => 1) };
  const declared = { "content-type": "application/json", "content-length": String(100 * MIB) };
  let url: URL;

  beforeEach(async () => {
    await backend.app.close();
    backend = createBackend({ maxRequests: 100, bodyLimit: 100 * MIB });
    backend.answerSubmitWith(async () => {
      await new Promise<void>((resolve) => pending.push(resolve));
      return { jobId: backend.addJob(), replayed: false, joined: false };
    });
    url = new URL(await backend.app.listen({ port: 0 }));
  });

  /** Submits three bodies that leave less than one more needs. */
  async function fillMemory() {
    const responses = [1, 2, 3].map(() => backend.submit(MANY_VALUES));
    await until("all to be in flight", () => pending.length === 3);
    return async () => {
      for (const complete of pending.splice(0)) complete();
      for (const { statusCode } of await Promise.all(responses)) expect(statusCode).toBe(202);
    };
  }

  test("the values of the parsed bodies count, and a body that does not fit is refused until another request ends", async () => {
    const complete = await fillMemory();
    const refused = await backend.submit(MANY_VALUES);
    expect(refused.statusCode).toBe(503);
    expect(refused.headers["retry-after"]).toBe("1");
    expect(refused.json()).toMatchObject({ code: "OVERLOADED" });
    expect(refused.json<{ detail: string }>().detail).toContain(`the limit is ${256 * MIB}.`);
    expect(await refusals("requests")).toBe(1);
    expect((await get("/v1/jobs")).statusCode).toBe(200);
    await complete();
    const accepted = backend.submit(MANY_VALUES);
    await until("it to be in flight", () => pending.length === 1);
    pending[0]?.();
    expect((await accepted).statusCode).toBe(202);
  });

  test("a declared length that does not fit now is refused before the body is sent", async () => {
    const complete = await fillMemory();
    const socket = connect(url, "POST /v1/jobs", declared);
    const [response] = (await once(socket, "data")) as [Buffer];
    expect(response.toString()).toMatch(/^HTTP\/1\.1 503 /);
    socket.resetAndDestroy();
    await complete();
  });

  test("a declared length over the body limit gets a 413, not a 503", async () => {
    const complete = await fillMemory();
    const tooLarge = { ...declared, "content-length": String(1000 * MIB) };
    const socket = connect(url, "POST /v1/jobs", tooLarge);
    const [response] = (await once(socket, "data")) as [Buffer];
    expect(response.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.resetAndDestroy();
    await complete();
  });

  test.each([
    ["of a declared length", declared],
    ["in chunks", { "content-type": "application/json", "transfer-encoding": "chunked" }],
  ])("uploads %s that stall count only what has arrived", async (_, headers) => {
    const responses = countResponses();
    const sockets = Array.from({ length: 20 }, () => connect(url, "POST /v1/jobs", headers));
    await until("all to be in flight", () => responses.begun() === 20);
    const other = backend.submit(MANY_VALUES);
    await until("another to be in flight", () => pending.length === 1);
    pending[0]?.();
    expect((await other).statusCode).toBe(202);
    for (const socket of sockets) socket.resetAndDestroy();
  });

  test("bytes that were inflated count while the rest has not arrived, until the client disconnects", async () => {
    const complete = await fillMemory();
    const packed = gzipSync(JSON.stringify("x".repeat(50 * MIB)));
    const socket = connect(url, "POST /v1/jobs", {
      "content-type": "application/json",
      "content-encoding": "gzip",
      "content-length": String(packed.length),
    });
    socket.write(packed.subarray(0, -8));
    /** Declares 2 MiB, which are refused when they do not fit, and sends an invalid body. */
    const probe = async () =>
      (await backend.submit({}, { "content-length": String(2 * MIB) })).statusCode;
    await until("50 MiB to be inflated", async () => (await probe()) === 503);
    socket.resetAndDestroy();
    await until("them to be freed", async () => (await probe()) === 400);
    await complete();
  });

  test("a request that waits for its job frees the memory of its body", async () => {
    const complete = await fillMemory();
    const waiting = [1, 2].map((n) => {
      const input = "x".repeat(20 * MIB + n);
      return backend.submit({ plugins: ["echo"], input }, { prefer: "wait=30" });
    });
    await until("both to be stored", () => pending.length === 5);
    expect((await backend.submit(MANY_VALUES)).statusCode).toBe(503);
    pending.pop()?.();
    pending.pop()?.();
    await until(
      "both to wait",
      () => backend.listenerCount("job_1") + backend.listenerCount("job_2") === 2,
    );
    const next = backend.submit({ plugins: ["echo"], input: "x".repeat(40 * MIB) });
    await until("another to be in flight", () => pending.length === 4);
    await complete();
    expect((await next).statusCode).toBe(202);
    for (const id of ["job_1", "job_2"]) backend.addEvent(id, "completed");
    for (const { statusCode } of await Promise.all(waiting)) expect(statusCode).toBe(200);
  });
});

test("a request that waits for its job frees its slot, and a wait over the limit is not made", async () => {
  const waiting = [1, 2].map(() => submit({ prefer: "wait=30" }));
  await until("both to be stored", () => pending.length === 2);
  for (const complete of pending.splice(0)) complete();
  await until(
    "both to wait",
    () => backend.listenerCount("job_1") + backend.listenerCount("job_2") === 2,
  );

  const third = submit({ prefer: "wait=30" });
  await until("the third", () => pending.length === 1);
  pending.pop()?.();
  const { statusCode, headers } = await third;
  expect([statusCode, headers["preference-applied"]]).toEqual([202, undefined]);
  expect(await refusals("waits")).toBe(1);

  const responses = await fill();
  for (const complete of pending) complete();
  await Promise.all(responses);
  for (const id of ["job_1", "job_2"]) backend.addEvent(id, "completed");
  for (const response of await Promise.all(waiting)) expect(response.statusCode).toBe(200);
});

test("requests whose wait has ended take a slot again, one after another", async () => {
  await backend.app.close();
  backend = createBackend({ maxRequests: 1 });
  const jobId = backend.addJob();
  backend.answerSubmitWith(async () => ({ jobId, replayed: true, joined: false }));
  const readJob = backend.reads.job.bind(backend.reads);
  const reading: (() => void)[] = [];
  backend.reads.job = async (id) => {
    await new Promise<void>((resolve) => reading.push(resolve));
    return readJob(id);
  };
  const waiting: ReturnType<typeof submit>[] = [];
  for (let n = 1; n <= 3; n += 1) {
    waiting.push(submit({ prefer: "wait=30" }));
    await until("one more to wait", () => backend.listenerCount(jobId) === n);
  }
  backend.addEvent(jobId, "completed");
  for (let n = 1; n <= 3; n += 1) {
    await until("one more to read", () => reading.length === n);
    expect((await get("/v1/jobs")).statusCode).toBe(503);
    expect(reading).toHaveLength(n);
    reading.at(-1)?.();
  }
  for (const response of await Promise.all(waiting)) expect(response.statusCode).toBe(200);
  expect((await get("/v1/jobs")).statusCode).toBe(200);
});

test("a stream over the limit is refused with an error that names the setting", async () => {
  const url = await backend.app.listen({ port: 0 });
  const jobId = backend.addJob({ job: { status: "running" } });
  const open = new AbortController();
  const stream = () =>
    fetch(`${url}/v1/jobs/${jobId}/events`, {
      headers: { authorization: `Bearer ${TOKEN}`, accept: "text/event-stream" },
      signal: open.signal,
    });
  for (let n = 0; n < 2; n += 1) expect((await stream()).status).toBe(200);
  const third = await stream();
  expect(third.status).toBe(503);
  const problem = (await third.json()) as { code: string; detail: string };
  expect(problem.code).toBe("TOO_MANY_STREAMS");
  expect(problem.detail).toContain("PLAYGROUND_MAX_STREAMS");
  expect(await refusals("streams")).toBe(1);
  open.abort();
});

test("a stream whose client disconnects before it begins does not count against the limit", async () => {
  const url = new URL(await backend.app.listen({ port: 0 }));
  const jobId = backend.addJob({ job: { status: "running" } });
  const readJob = backend.reads.job.bind(backend.reads);
  const reading = Promise.withResolvers<void>();
  backend.reads.job = async (id) => {
    await reading.promise;
    return readJob(id);
  };
  const path = `/v1/jobs/${jobId}/events`;
  const accept = "text/event-stream";
  const responses = countResponses();
  const sockets = [1, 2].map(() => connect(url, `GET ${path}`, { accept }));
  await until("both to be read", () => responses.begun() === 2);
  for (const socket of sockets) socket.resetAndDestroy();
  await until("both to disconnect", () => responses.ended() === 2);
  reading.resolve();

  const open = new AbortController();
  const headers = { ...AUTHORIZED, accept };
  const stream = () => fetch(new URL(path, url), { headers, signal: open.signal });
  for (let n = 0; n < 2; n += 1) expect((await stream()).status).toBe(200);
  expect((await stream()).status).toBe(503);
  open.abort();
});
