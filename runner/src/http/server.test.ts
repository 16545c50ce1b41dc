import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Refused, Transient } from "../domain/errors.ts";
import {
  AUTHORIZED,
  createBackend,
  TOKEN,
  type Backend,
} from "../../test/support/scripted-backend.ts";
import { Job } from "./contract/jobs.ts";
import { Problem } from "./contract/problem.ts";

let backend: Backend;

beforeEach(() => {
  backend = createBackend();
});

afterEach(() => backend.app.close());

const JSON_HEADERS = { ...AUTHORIZED, "content-type": "application/json" };

function get(url: string, headers: Record<string, string> = AUTHORIZED) {
  return backend.app.inject({ url, headers });
}

function submit(payload: object | string, headers: Record<string, string> = {}) {
  return backend.app.inject({
    method: "POST",
    url: "/v1/jobs",
    payload,
    headers: { ...JSON_HEADERS, ...headers },
  });
}

/** The problem of an answer, after checking that it is one and tells its own status. */
function problemOf(answer: Awaited<ReturnType<typeof get>>): Problem {
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  const problem = Problem.parse(answer.json());
  expect(problem.status).toBe(answer.statusCode);
  return problem;
}

describe("who may ask", () => {
  test.each(["/healthz", "/readyz"])("%s needs no token", async (url) => {
    expect((await get(url, {})).statusCode).toBe(200);
  });

  test.each(["/v1/jobs", "/v1/plugins", "/metrics", "/openapi.json", "/docs", "/nowhere"])(
    "%s answers 401 without a token, and with a wrong one",
    async (url) => {
      const answers = [
        await get(url, {}),
        await get(url, { authorization: `Bearer ${TOKEN}x` }),
        await get(url, { authorization: TOKEN }),
        await get(url, { authorization: "Bearer" }),
      ];
      for (const answer of answers) {
        expect(problemOf(answer)).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
        expect(String(answer.headers["www-authenticate"])).toContain("Bearer");
      }
    },
  );

  test("the scheme's letter case does not matter", async () => {
    expect((await get("/v1/plugins", { authorization: `bearer ${TOKEN}` })).statusCode).toBe(200);
  });

  test("pages for browsers take the token as the password of HTTP Basic; nothing else does", async () => {
    const authorization = `Basic ${Buffer.from(`me:${TOKEN}`).toString("base64")}`;
    for (const url of ["/docs", "/openapi.json"]) {
      expect((await get(url, { authorization })).statusCode).toBe(200);
      expect(String((await get(url, {})).headers["www-authenticate"])).toContain("Basic");
    }
    for (const url of ["/v1/jobs", "/v1/plugins", "/metrics", "/docs/nowhere"]) {
      const answer = await get(url, { authorization });
      expect(answer.statusCode).toBe(401);
      expect(String(answer.headers["www-authenticate"])).not.toContain("Basic");
    }
    const wrong = `Basic ${Buffer.from(`${TOKEN}:me`).toString("base64")}`;
    expect((await get("/docs", { authorization: wrong })).statusCode).toBe(401);
  });
});

describe("submitting", () => {
  test("gives the engine the request with its defaults, and answers 202 with the job's place", async () => {
    const answer = await submit({ plugins: ["echo", { name: "echo", options: { a: 1 } }] });
    expect(answer.statusCode).toBe(202);
    expect(answer.headers["location"]).toBe("/v1/jobs/job_1");
    expect(answer.json()).toEqual({
      jobId: "job_1",
      status: "queued",
      name: null,
      plugins: ["echo", "echo"],
      url: "http://127.0.0.1:8787/v1/jobs/job_1",
    });
    expect(backend.submitted).toEqual([
      {
        plugins: [
          { name: "echo", options: {} },
          { name: "echo", options: { a: 1 } },
        ],
        input: null,
        webhook: null,
        name: null,
        metadata: {},
        priority: 0,
        runAt: null,
        timeoutMs: null,
        idempotencyKey: null,
      },
    ]);
  });

  test("takes every field there is", async () => {
    const answer = await submit(
      {
        plugins: ["echo"],
        input: [1, { two: null }],
        webhook: {
          url: "https://e.test/h",
          headers: { "X-A": "b" },
          on: ["failed", "failed"],
          retries: 0,
        },
        name: "n",
        metadata: { a: 1 },
        priority: -1000,
        runAt: "2026-11-23T10:30:00+01:00",
        timeoutMs: 604_800_000,
      },
      { "idempotency-key": "key 1" },
    );
    expect(answer.statusCode).toBe(202);
    expect(backend.submitted).toMatchObject([
      {
        input: [1, { two: null }],
        webhook: { url: "https://e.test/h", headers: { "X-A": "b" }, on: ["failed"], retries: 0 },
        runAt: Date.parse("2026-11-23T09:30:00Z"),
        idempotencyKey: "key 1",
      },
    ]);
  });

  const hook = (more: object) => ({
    plugins: ["echo"],
    webhook: { url: "https://e.test/", ...more },
  });
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`x${n}`, ""]));

  test.each<[string, object | null, string]>([
    ["/plugins", {}, "is missing: it must be an array"],
    ["/plugins", { plugins: [] }, "is an empty list: it must be at least 1 item long"],
    [
      "/plugins",
      { plugins: Array(51).fill("echo") },
      "is a list: it must be at most 50 items long",
    ],
    ["/plugins/1", { plugins: ["echo", 7] }, "is 7: it must be a plugin's name, or an object"],
    ["/plugins/0/name", { plugins: [{ name: "" }] }, 'is "": it must be at least 1 character long'],
    ["/plugins/0/name", { plugins: [{ options: {} }] }, "is missing: it must be a string"],
    ["/plugins/0/option", { plugins: [{ name: "a", option: 1 }] }, "is no field here"],
    ["/callback", { plugins: ["echo"], callback: "x" }, "is no field here"],
    ["/priority", { plugins: ["echo"], priority: 1001 }, "is 1001: it must be at most 1000"],
    ["/priority", { plugins: ["echo"], priority: 0.5 }, "is 0.5: it must be a whole number"],
    ["/priority", { plugins: ["echo"], priority: "1" }, 'is "1": it must be a number'],
    [
      "/name",
      { plugins: ["echo"], name: "x".repeat(201) },
      "is 201 characters long: it must be at most 200",
    ],
    ["/metadata", { plugins: ["echo"], metadata: [] }, "is an empty list: it must be an object"],
    ["/runAt", { plugins: ["echo"], runAt: "2026-11-23T09:30:00" }, "with an offset"],
    ["/runAt", { plugins: ["echo"], runAt: "2026-02-30T09:30:00Z" }, "must be an ISO 8601 instant"],
    ["/timeoutMs", { plugins: ["echo"], timeoutMs: 0 }, "is 0: it must be at least 1"],
    ["/timeoutMs", { plugins: ["echo"], timeoutMs: 604_800_001 }, "at most 604800000"],
    ["/webhook/url", hook({ url: "ftp://e.test/" }), "must be an absolute http or https URL"],
    ["/webhook/url", hook({ url: "/hook" }), "must be an absolute http or https URL"],
    ["/webhook/url", hook({ url: "https://me:secret@e.test/" }), "no user name or password"],
    [
      "/webhook/url",
      hook({ url: `https://e.test/${"x".repeat(2048)}` }),
      "at most 2048 characters",
    ],
    ["/webhook/on", hook({ on: [] }), "must be at least 1 item long"],
    ["/webhook/on/0", hook({ on: ["done"] }), 'is "done": it must be "started" or "progress"'],
    ["/webhook/retries", hook({ retries: 11 }), "is 11: it must be at most 10"],
    ["/webhook/headers", hook({ headers: many(51) }), "must be at most 50 headers"],
    ["/webhook/headers/a b", hook({ headers: { "a b": "" } }), "is no valid header name"],
    ["/webhook/headers/X", hook({ headers: { X: "a\r\nB: c" } }), "no line break"],
    ["/webhook/headers/X", hook({ headers: { X: "a".repeat(4097) } }), "at most 4096 characters"],
    ["/webhook/headers/X", hook({ headers: { X: 5 } }), "must be a string"],
    ["/webhook/headers/x", hook({ headers: { X: "1", x: "2" } }), "given twice"],
    [
      "/webhook/headers/Content-Type",
      hook({ headers: { "Content-Type": "a" } }),
      "the daemon sets itself",
    ],
    [
      "/webhook/headers/webhook-id",
      hook({ headers: { "webhook-id": "a" } }),
      "the daemon sets itself",
    ],
    ["/webhook/headers/Host", hook({ headers: { Host: "a" } }), "the daemon sets itself"],
    ["", null, "is null: it must be an object"],
    ["", [], "is an empty list: it must be an object"],
  ])("refuses what is wrong at %j: %j", async (path, body, message) => {
    const problem = problemOf(await submit(JSON.stringify(body)));
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.issues).toContainEqual({
      path,
      message: expect.stringContaining(message) as string,
    });
    expect(backend.submitted).toEqual([]);
  });

  test("says everything that is wrong at once, but never what a header or URL held", async () => {
    const answer = await submit({
      plugins: [],
      webhook: { url: "hunter2", headers: { Authorization: "hunter2\n" }, retries: -1 },
    });
    expect(problemOf(answer).issues).toHaveLength(4);
    expect(answer.body).not.toContain("hunter2");
  });

  test("a million wrong items make few issues, and quickly", async () => {
    const start = performance.now();
    const answer = await submit(`{"plugins":[${"0,".repeat(400_000)}0]}`);
    expect(problemOf(answer).issues).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(1500);
  });

  test.each([
    ["not JSON", '{"plugins":', "BODY_NOT_JSON", 400],
    ["__proto__", '{"plugins":["echo"],"input":{"__proto__":{"a":1}}}', "BODY_INVALID", 400],
    [
      "constructor.prototype",
      '{"plugins":["echo"],"input":{"constructor":{"prototype":{"a":1}}}}',
      "BODY_INVALID",
      400,
    ],
    [
      "10,000 levels",
      `{"plugins":["echo"],"input":${"[".repeat(1e4)}${"]".repeat(1e4)}}`,
      "BODY_INVALID",
      400,
    ],
    ["no body", "", "BODY_INVALID", 400],
    ["too large a body", JSON.stringify("x".repeat(1024 * 1024)), "BODY_TOO_LARGE", 413],
  ])("refuses %s", async (_, body, code, status) => {
    expect(problemOf(await submit(body))).toMatchObject({ code, status });
  });

  test("refuses another content type", async () => {
    const answer = await submit("plugins=echo", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(problemOf(answer)).toMatchObject({ code: "CONTENT_TYPE_UNSUPPORTED", status: 415 });
  });

  test.each(["", "k".repeat(256)])("refuses the Idempotency-Key %j", async (key) => {
    const answer = await submit({ plugins: ["echo"] }, { "idempotency-key": key });
    expect(problemOf(answer)).toMatchObject({ code: "IDEMPOTENCY_KEY_INVALID", status: 400 });
  });

  test("a known Idempotency-Key gives the first job, as it is now", async () => {
    const jobId = backend.addJob({ job: { status: "running" } });
    backend.answerSubmitWith(async () => ({ jobId, replayed: true }));
    const answer = await submit({ plugins: ["echo"] }, { "idempotency-key": "k" });
    expect(answer.headers["idempotent-replayed"]).toBe("true");
    expect(answer.json()).toMatchObject({ jobId, status: "running" });
  });
});

describe("waiting for a job", () => {
  test("answers 200 with the whole job when it ended in time", async () => {
    const answering = submit({ plugins: ["echo"] }, { prefer: "respond-async, wait=30" });
    while (backend.listenerCount("job_1") === 0) await sleep(1);
    backend.addEvent("job_1", "completed");
    const answer = await answering;
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["preference-applied"]).toBe("wait=30");
    expect(Job.parse(answer.json())).toMatchObject({ jobId: "job_1", status: "completed" });
    expect(backend.listenerCount("job_1")).toBe(0);
  });

  test("answers 202 with what the job is doing when the time is over", async () => {
    const answering = submit({ plugins: ["echo"] }, { prefer: "wait=1" });
    while (backend.listenerCount("job_1") === 0) await sleep(1);
    backend.addEvent("job_1", "started");
    const answer = await answering;
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ jobId: "job_1", status: "running" });
  });

  test("answers 202 at once when the server closes", async () => {
    const answering = submit({ plugins: ["echo"] }, { prefer: "wait=60" });
    while (backend.listenerCount("job_1") === 0) await sleep(1);
    await Promise.all([backend.app.close(), answering]);
    expect((await answering).statusCode).toBe(202);
  });

  test("waits 60 s at most, and ignores a preference it cannot read", async () => {
    const jobId = backend.addJob();
    backend.answerSubmitWith(async () => ({ jobId, replayed: false }));
    for (const [prefer, applied] of [
      ["wait=3600", "wait=60"],
      ["wait=soon", undefined],
      ["return=minimal", undefined],
    ] as const) {
      const answering = submit({ plugins: ["echo"] }, { prefer });
      if (applied !== undefined) {
        while (backend.listenerCount(jobId) === 0) await sleep(1);
        backend.addEvent(jobId, "completed");
      }
      expect((await answering).headers["preference-applied"]).toBe(applied);
    }
  });
});

describe("what the engine refuses", () => {
  test.each([
    [new Refused("QUEUE_FULL", "Full.", { retryAfterMs: 4200 }), 503, "5"],
    [new Refused("STOPPING"), 503, "1"],
    [new Refused("IDEMPOTENCY_KEY_REUSED"), 422, undefined],
    [new Refused("PLUGIN_BROKEN"), 409, undefined],
    [new Transient("DB_BUSY", "database is locked at /secret/path"), 503, "1"],
  ])(
    "%s becomes a problem with its status and Retry-After",
    async (refusal, status, retryAfter) => {
      backend.answerSubmitWith(() => Promise.reject(refusal));
      const answer = await submit({ plugins: ["echo"] });
      expect(problemOf(answer).status).toBe(status);
      expect(answer.headers["retry-after"]).toBe(retryAfter);
      expect(answer.body).not.toContain("/secret/path");
    },
  );

  test("issues of the input keep their path", async () => {
    const issues = [{ path: "/input/rows/3", message: "must be a string" }];
    backend.answerSubmitWith(() => Promise.reject(new Refused("INPUT_INVALID", "No.", { issues })));
    expect(problemOf(await submit({ plugins: ["echo"] }))).toMatchObject({ status: 400, issues });
  });

  test("an unexpected error tells nothing of itself but the request's name, under which it is logged", async () => {
    backend.answerSubmitWith(() => Promise.reject(new Error("SQLITE_CORRUPT at /secret/path")));
    const answer = await submit({ plugins: ["echo"] });
    const problem = problemOf(answer);
    expect(problem).toMatchObject({ status: 500, code: "INTERNAL" });
    expect(answer.body).not.toMatch(/SQLITE|secret/);
    const id = problem.instance?.replace("urn:request:", "");
    const logged = backend.logLines.find((line) => line.includes("SQLITE_CORRUPT"));
    expect(logged).toContain(`"reqId":"${id}"`);
  });
});

describe("routes and methods", () => {
  test("a method that a route does not take answers 405 and names those it takes", async () => {
    const answer = await backend.app.inject({
      method: "DELETE",
      url: "/v1/jobs?x=1",
      headers: AUTHORIZED,
    });
    expect(problemOf(answer)).toMatchObject({ status: 405, code: "METHOD_NOT_ALLOWED" });
    expect(answer.headers["allow"]).toBe("GET, HEAD, OPTIONS, POST");
  });

  test("OPTIONS names a route's methods", async () => {
    const answer = await backend.app.inject({
      method: "OPTIONS",
      url: "/v1/jobs/job_1",
      headers: AUTHORIZED,
    });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers["allow"]).toBe("GET, HEAD, OPTIONS");
  });

  test("HEAD has GET's headers and no body", async () => {
    const url = `/v1/jobs/${backend.addJob()}`;
    const head = await backend.app.inject({ method: "HEAD", url, headers: AUTHORIZED });
    expect(head.headers["content-length"]).toBe((await get(url)).headers["content-length"]);
    expect(head.body).toBe("");
  });

  test("HEAD of a stream does not open one", async () => {
    const url = `/v1/jobs/${backend.addJob()}/events`;
    const headers = { ...AUTHORIZED, accept: "text/event-stream" };
    expect((await backend.app.inject({ method: "HEAD", url, headers })).statusCode).toBe(200);
  });

  test.each([
    "/",
    "/v1",
    "/v1/jobs/",
    "/v1/jobs//events",
    "/v2/jobs",
    `/v1/jobs/${"x".repeat(300)}`,
  ])("%s is no route", async (url) => {
    expect(problemOf(await get(url))).toMatchObject({ status: 404 });
  });

  test("a URL that cannot be decoded answers 400", async () => {
    expect(problemOf(await get("/v1/jobs/%zz")).code).toBe("REQUEST_MALFORMED");
  });

  test.each([
    ["/v1/jobs?limit=0", "/limit"],
    ["/v1/jobs?limit=501", "/limit"],
    ["/v1/jobs?limit=1&limit=2", "/limit"],
    ["/v1/jobs?status=done", "/status"],
    ["/v1/jobs?createdAfter=yesterday", "/createdAfter"],
    ["/v1/jobs?state=queued", "/state"],
    ["/v1/deliveries?state=sent", "/state"],
    ["/v1/jobs/job_1/events?cursor=-1", "/cursor"],
  ])("%s names the parameter that is wrong", async (url, path) => {
    const problem = problemOf(await get(url));
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.issues.map((issue) => issue.path)).toContain(path);
  });

  test.each(["/v1/jobs/none", "/v1/jobs/none/events", "/v1/jobs/none/logs"])(
    "%s answers JOB_NOT_FOUND",
    async (url) => {
      expect(problemOf(await get(url))).toMatchObject({ status: 404, code: "JOB_NOT_FOUND" });
    },
  );
});

describe("the job", () => {
  test("shows its steps as pending, running, completed, and stored JSON byte for byte", async () => {
    const id = backend.addJob({
      request: {
        plugins: ["a", "b", "c"].map((name) => ({ name, options: {} })),
        input: { "1e400": "ü" },
        webhook: {
          url: "https://e.test/",
          headers: { Authorization: "Bearer s3cret" },
          on: null,
          retries: 5,
        },
      },
      job: {
        status: "running",
        steps: [
          {
            index: 0,
            plugin: "a",
            status: "completed",
            startedAt: 1,
            endedAt: 2,
            failure: null,
            metrics: { processedItems: 1, duration: 1 },
            // What no JSON.stringify would write: it shows that nothing parsed it.
            output: '{"n":1.0000000000000000001}' as never,
            truncated: false,
          },
        ],
      },
    });
    backend.setProgress({ fraction: 0.5, message: "half", at: 0 });
    const answer = await get(`/v1/jobs/${id}`);
    const job = Job.parse(answer.json());
    expect(job.steps.map((step) => step.status)).toEqual(["completed", "running", "pending"]);
    expect(job.progress).toEqual({
      fraction: 0.5,
      message: "half",
      at: "1970-01-01T00:00:00.000Z",
    });
    expect(answer.body).toContain('"output":{"n":1.0000000000000000001}');
    expect(job.webhook?.headers).toEqual({ Authorization: "***" });
    expect(answer.body).not.toContain("s3cret");
  });
});

describe("the daemon", () => {
  test("/readyz tells why it is not ready", async () => {
    backend.notReady.push("The daemon is starting.");
    const answer = await get("/readyz", {});
    expect(problemOf(answer)).toMatchObject({
      status: 503,
      code: "NOT_READY",
      detail: "The daemon is starting.",
    });
    expect(answer.headers["retry-after"]).toBe("1");
  });

  test("/metrics counts what is stored and what was asked, without ids", async () => {
    await get(`/v1/jobs/${backend.addJob()}`);
    const { body } = await get("/metrics");
    expect(body).toContain('playground_jobs{status="queued"} 3');
    expect(body).toContain('playground_deliveries{state="due"} 2');
    expect(body).toContain('playground_webhooks{state="off"} 1');
    expect(body).toContain("playground_deliveries_in_flight 2");
    expect(body).toContain("playground_delivery_bytes_in_flight 300");
    expect(body).toContain("playground_delivery_circuits_open 1");
    expect(body).toMatch(
      /playground_http_request_duration_seconds_count\{.*route="\/v1\/jobs\/:id".*\} 1/,
    );
    expect(body).not.toContain("job_1");
  });

  test("/docs comes with a policy that lets it run nothing", async () => {
    const answer = await get("/docs");
    expect(answer.headers["content-type"]).toContain("text/html");
    expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
  });

  test("a request is one line of log, without token, headers, ids or body", async () => {
    const webhook = {
      url: "https://e.test/hook-secret",
      headers: { Authorization: "header-secret" },
    };
    await submit({ plugins: ["echo"], input: "input-secret", webhook });
    expect(backend.logLines).toHaveLength(1);
    expect(JSON.parse(backend.logLines[0] ?? "")).toMatchObject({
      method: "POST",
      route: "/v1/jobs",
      status: 202,
      msg: "http.answered",
    });
    expect(backend.logLines[0]).not.toMatch(/secret|scripted-token/);
  });
});
