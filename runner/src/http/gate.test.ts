import { once } from "node:events";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  AUTHORIZED,
  createBackend,
  TOKEN,
  type Backend,
} from "../../test/support/scripted-backend.ts";
import { until } from "../../test/support/until.ts";

const MAX_REQUESTS = 3;

let backend: Backend;
/** Submissions that the store has not answered yet. */
let held: (() => void)[];

beforeEach(() => {
  backend = createBackend({ maxRequests: MAX_REQUESTS, maxWaits: 2, maxStreams: 2 });
  held = [];
  backend.answerSubmitWith(async () => {
    const jobId = backend.addJob();
    await new Promise<void>((resolve) => held.push(resolve));
    return { jobId, replayed: false };
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

/** Sends a request, or the beginning of one, on a connection of its own. */
function connect(url: URL, line: string, headers: Record<string, string>, body = ""): net.Socket {
  const lines = Object.entries({ host: url.host, ...AUTHORIZED, ...headers });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const socket = net.connect(Number(url.port), url.hostname);
  socket.write(`${line} HTTP/1.1\r\n${head}\r\n${body}`);
  return socket;
}

/** Counts those of clients that connect; the others are injected. */
function watchAnswers() {
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

async function fill(): Promise<Promise<unknown>[]> {
  const answers = Array.from({ length: MAX_REQUESTS }, () => submit());
  await until("all to be worked on", () => held.length === MAX_REQUESTS);
  return answers;
}

test("while as many requests as may be are worked on, others get 503 and when to come again", async () => {
  const answers = await fill();
  for (const answer of [await submit(), await get("/v1/jobs")]) {
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("1");
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.json()).toMatchObject({ code: "OVERLOADED" });
    expect(answer.json<{ detail: string }>().detail).toContain("PLAYGROUND_MAX_REQUESTS");
  }
  expect(held).toHaveLength(MAX_REQUESTS);
  for (const release of held) release();
  await Promise.all(answers);
  expect(await refusals("requests")).toBe(2);
  const metrics = (await get("/metrics")).body;
  expect(metrics).toMatch(/_count\{[^}]*route="\/v1\/jobs"[^}]*status="503"[^}]*\} 1$/m);
});

test("the log tells how many were refused, and not of each", async () => {
  const answers = await fill();
  for (let n = 0; n < 5; n += 1) await submit();
  for (const release of held) release();
  await Promise.all(answers);
  await backend.app.close();
  const told = backend.logLines.filter((line) => line.includes('"status":503'));
  expect(told).toHaveLength(1);
  expect(JSON.parse(told[0] ?? "")).toMatchObject({ msg: "http.shed", requests: 5 });
});

test("health is answered meanwhile", async () => {
  const answers = await fill();
  expect((await get("/healthz")).statusCode).toBe(200);
  expect((await get("/readyz")).statusCode).toBe(200);
  for (const release of held) release();
  await Promise.all(answers);
});

test("every request that is answered makes room for one more, whatever the answer is", async () => {
  for (let round = 0; round < 3; round += 1) {
    const answers = await fill();
    expect((await submit()).statusCode).toBe(503);
    for (const release of held.splice(0)) release();
    await Promise.all(answers);
    for (const url of ["/v1/jobs/none", "/nowhere", "/v1/jobs?limit=x"]) await get(url);
    await backend.app.inject({ url: "/v1/jobs" });
  }
  expect((await get("/v1/jobs")).statusCode).toBe(200);
});

test("requests without a token take no place, answered or not", async () => {
  const url = new URL(await backend.app.listen({ port: 0 }));
  const answers = watchAnswers();
  const body = { "content-type": "application/json", "content-length": "1" };
  const unknown = { ...body, authorization: "Bearer unknown" };
  const sockets = Array.from({ length: MAX_REQUESTS }, () =>
    connect(url, "POST /v1/jobs", unknown),
  );
  await until("all to be there", () => answers.begun() === MAX_REQUESTS);
  expect((await get("/v1/jobs")).statusCode).toBe(200);
  for (const socket of sockets) socket.resetAndDestroy();
});

test("a test of a webhook keeps its place while it is under way", async () => {
  const testing: (() => void)[] = [];
  backend.engine.testWebhook = async () => {
    await new Promise<void>((resolve) => testing.push(resolve));
    return [];
  };
  const start = () =>
    backend.app.inject({ method: "POST", url: "/v1/webhooks/wh_1/test", headers: AUTHORIZED });
  const tests = Array.from({ length: MAX_REQUESTS }, start);
  await until("all to be under way", () => testing.length === MAX_REQUESTS);
  expect((await start()).statusCode).toBe(503);
  for (const end of testing) end();
  for (const answer of await Promise.all(tests)) expect(answer.statusCode).toBe(200);
});

describe("answers that nobody reads", () => {
  beforeEach(async () => {
    await backend.app.close();
    backend = createBackend({ maxRequests: MAX_REQUESTS, requestTimeoutMs: 300 });
  });

  test("lose their connections, those behind them too, and make room for others", async () => {
    const jobId = backend.addJob({ request: { input: "x".repeat(16 * 1024 * 1024) } });
    const url = new URL(await backend.app.listen({ port: 0 }));
    const answers = watchAnswers();
    const line = `GET /v1/jobs/${jobId}`;
    const request = `${line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`;
    const socket = connect(url, line, {}, request.repeat(19));
    socket.on("error", () => {}).pause();
    await until("all places to be taken", () => answers.begun() - answers.ended() >= MAX_REQUESTS);
    expect((await get("/v1/jobs")).statusCode).toBe(503);
    await until("all to be ended", () => answers.begun() === answers.ended());
    expect((await get("/v1/jobs")).statusCode).toBe(200);
    socket.resetAndDestroy();
  });

  test("are no reason to end a connection whose next request waits for its job", async () => {
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
    await until("both answers", () => statuses().length === 2 || socket.closed);
    expect(statuses()).toEqual(["200", "202"]);
    socket.resetAndDestroy();
  });
});

describe("a client that hangs up", () => {
  const body = '{"plugins":["echo"]}';
  const headers = { "content-type": "application/json", "content-length": String(body.length) };

  test("in the middle of its request makes room for one more", async () => {
    const url = new URL(await backend.app.listen({ port: 0 }));
    const answers = watchAnswers();
    const sockets = Array.from({ length: MAX_REQUESTS }, () =>
      connect(url, "POST /v1/jobs", headers, body.slice(0, 5)),
    );
    await until("all to be inside", () => answers.begun() === MAX_REQUESTS);
    expect((await get("/v1/jobs")).statusCode).toBe(503);
    for (const socket of sockets) socket.resetAndDestroy();
    await until("room", async () => (await get("/v1/jobs")).statusCode === 200);
  });

  test("before it has its answer makes room once what it asked for is done", async () => {
    const url = new URL(await backend.app.listen({ port: 0 }));
    const answers = watchAnswers();
    const sockets = Array.from({ length: MAX_REQUESTS }, () =>
      connect(url, "POST /v1/jobs", headers, body),
    );
    await until("all to be worked on", () => held.length === MAX_REQUESTS);
    for (const socket of sockets) socket.resetAndDestroy();
    await until("all to be gone", () => answers.ended() === MAX_REQUESTS);
    expect((await get("/v1/jobs")).statusCode).toBe(503);
    for (const release of held) release();
    await until("room", async () => (await get("/v1/jobs")).statusCode === 200);
  });
});

describe("with bodies of up to 128 MiB, of which there may be 256 MiB,", () => {
  const LIMIT = 128 * 1024 * 1024;
  const json = { "content-type": "application/json" };
  const half = { ...json, "content-length": String(LIMIT) };
  const chunked = { ...json, "transfer-encoding": "chunked" };
  let url: URL;

  beforeEach(async () => {
    await backend.app.close();
    backend = createBackend({ maxRequests: 10, bodyLimit: LIMIT });
    url = new URL(await backend.app.listen({ port: 0 }));
  });

  /** Begins so many requests, of whose bodies nothing is sent. */
  async function begin(headers: Record<string, string>, times: number): Promise<net.Socket[]> {
    const answers = watchAnswers();
    const sockets = Array.from({ length: times }, () => connect(url, "POST /v1/jobs", headers));
    await until("all to be inside", () => answers.begun() === times);
    return sockets;
  }

  test.each([
    ["that say their length", half],
    ["in chunks, as if each were as large as may be,", chunked],
  ])("bodies %s are refused beyond that, until one is gone", async (_, headers) => {
    const [first, second] = await begin(headers, 2);
    const refused = await submit();
    expect(refused.statusCode).toBe(503);
    expect(refused.headers["retry-after"]).toBe("1");
    expect(refused.json()).toMatchObject({ code: "OVERLOADED" });
    expect(refused.json<{ detail: string }>().detail).toMatch(
      new RegExp(`more than ${2 * LIMIT}\\.$`),
    );
    expect(await refusals("requests")).toBe(1);
    expect((await get("/v1/jobs")).statusCode).toBe(200);

    first?.resetAndDestroy();
    await until("room", async () => (await submit()).statusCode === 202);
    second?.resetAndDestroy();
  });

  test("one that says it is larger than may be gets 413, though there is no room for it", async () => {
    const tooLarge = { ...json, "content-length": String(LIMIT + 1) };
    const [inside] = await begin(half, 1);
    const [refused] = await begin(tooLarge, 1);
    const [answer] = (await once(refused!, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    for (const socket of [inside!, refused!]) socket.resetAndDestroy();
  });

  test("a request that waits for its job gives its body's room to others", async () => {
    const [only] = await begin(half, 1);
    const waiting = submit({ prefer: "wait=30" });
    await until("it to wait", () => backend.listenerCount("job_1") === 1);
    const [other] = await begin(half, 1);
    expect((await submit()).statusCode).toBe(503);
    backend.addEvent("job_1", "completed");
    expect((await waiting).statusCode).toBe(200);
    for (const socket of [only!, other!]) socket.resetAndDestroy();
  });
});

test("a request that waits for its job makes room, and one wait too many is answered at once", async () => {
  const waiting = [1, 2].map(() => submit({ prefer: "wait=30" }));
  await until("both to be stored", () => held.length === 2);
  for (const release of held.splice(0)) release();
  await until(
    "both to wait",
    () => backend.listenerCount("job_1") + backend.listenerCount("job_2") === 2,
  );

  const third = submit({ prefer: "wait=30" });
  await until("the third", () => held.length === 1);
  held.pop()?.();
  const { statusCode, headers } = await third;
  expect([statusCode, headers["preference-applied"]]).toEqual([202, undefined]);
  expect(await refusals("waits")).toBe(1);

  const answers = await fill();
  for (const release of held) release();
  await Promise.all(answers);
  for (const id of ["job_1", "job_2"]) backend.addEvent(id, "completed");
  for (const answer of await Promise.all(waiting)) expect(answer.statusCode).toBe(200);
});

test("requests whose wait is over take places again, one after the other", async () => {
  await backend.app.close();
  backend = createBackend({ maxRequests: 1 });
  const jobId = backend.addJob();
  backend.answerSubmitWith(async () => ({ jobId, replayed: true }));
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
  for (const answer of await Promise.all(waiting)) expect(answer.statusCode).toBe(200);
  expect((await get("/v1/jobs")).statusCode).toBe(200);
});

test("a stream too many is refused, and names its setting", async () => {
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

test("streams whose clients hang up before they begin leave room for others", async () => {
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
  const answers = watchAnswers();
  const sockets = [1, 2].map(() => connect(url, `GET ${path}`, { accept }));
  await until("both to be read", () => answers.begun() === 2);
  for (const socket of sockets) socket.resetAndDestroy();
  await until("both to hang up", () => answers.ended() === 2);
  reading.resolve();

  const open = new AbortController();
  const headers = { ...AUTHORIZED, accept };
  const stream = () => fetch(new URL(path, url), { headers, signal: open.signal });
  for (let n = 0; n < 2; n += 1) expect((await stream()).status).toBe(200);
  expect((await stream()).status).toBe(503);
  open.abort();
});
