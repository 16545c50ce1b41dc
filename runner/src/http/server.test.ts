import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Refused, Transient } from "../domain/errors.ts";
import {
  AUTHORIZED,
  createBackend,
  problemOf,
  TOKEN,
  type Backend,
} from "../../test/support/scripted-backend.ts";
import { Job } from "./contract/job.ts";

/** As Chromium says it. */
const BROWSER =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";

let backend: Backend;

beforeEach(() => {
  backend = createBackend();
});

afterEach(() => backend.app.close());

describe("authentication", () => {
  test.each(["/healthz", "/readyz"])("is not needed for %s", async (url) => {
    expect((await backend.get(url, {})).statusCode).toBe(200);
  });

  test.each(["/v1/jobs", "/v1/plugins", "/metrics", "/openapi.json", "/docs", "/nowhere"])(
    "fails for %s without a token and with a wrong one",
    async (url) => {
      const responses = [
        await backend.get(url, {}),
        await backend.get(url, { authorization: `Bearer ${TOKEN}x` }),
        await backend.get(url, { authorization: TOKEN }),
        await backend.get(url, { authorization: "Bearer" }),
      ];
      for (const response of responses) {
        expect(problemOf(response)).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
        expect(String(response.headers["www-authenticate"])).toContain("Bearer");
      }
    },
  );

  test("ignores the letter case of the scheme", async () => {
    expect(
      (await backend.get("/v1/plugins", { authorization: `bearer ${TOKEN}` })).statusCode,
    ).toBe(200);
  });

  test("does not accept the token as a password, because a browser would send it with every page's requests", async () => {
    const authorization = `Basic ${Buffer.from(`me:${TOKEN}`).toString("base64")}`;
    for (const url of ["/docs", "/openapi.json", "/v1/jobs", "/metrics"]) {
      const response = await backend.get(url, { authorization });
      expect(response.statusCode).toBe(401);
      expect(String(response.headers["www-authenticate"])).not.toContain("Basic");
    }
  });
});

describe("an error of the engine", () => {
  test.each([
    [new Refused("QUEUE_FULL", "Full.", { retryAfterMs: 4200 }), 503, "5"],
    [new Refused("STOPPING"), 503, "1"],
    [new Refused("IDEMPOTENCY_KEY_REUSED"), 422, undefined],
    [new Refused("PLUGIN_BROKEN", undefined, { retryAfterMs: 5000 }), 503, "5"],
    [new Transient("DB_BUSY", "database is locked at /secret/path"), 503, "1"],
  ])(
    "such as %s becomes a problem with its status and Retry-After",
    async (refusal, status, retryAfter) => {
      backend.answerSubmitWith(() => Promise.reject(refusal));
      const response = await backend.submit({ plugins: ["echo"] });
      expect(problemOf(response).status).toBe(status);
      expect(response.headers["retry-after"]).toBe(retryAfter);
      expect(response.body).not.toContain("/secret/path");
    },
  );

  test("keeps the paths of its issues", async () => {
    const issues = [{ path: "/input/rows/3", message: "must be a string" }];
    backend.answerSubmitWith(() => Promise.reject(new Refused("INPUT_INVALID", "No.", { issues })));
    expect(problemOf(await backend.submit({ plugins: ["echo"] }))).toMatchObject({
      status: 400,
      issues,
    });
  });

  test("that is unexpected is logged under the request's id, and the response contains only the id", async () => {
    backend.answerSubmitWith(() => Promise.reject(new Error("SQLITE_CORRUPT at /secret/path")));
    const response = await backend.submit({ plugins: ["echo"] });
    const problem = problemOf(response);
    expect(problem).toMatchObject({ status: 500, code: "INTERNAL" });
    expect(response.body).not.toMatch(/SQLITE|secret/);
    const id = problem.instance?.replace("urn:request:", "");
    const logged = backend.logLines.find((line) => line.includes("SQLITE_CORRUPT"));
    expect(logged).toContain(`"reqId":"${id}"`);
  });
});

describe("routes and methods", () => {
  test("a method that a route does not support gets a 405 with the supported ones", async () => {
    const response = await backend.app.inject({
      method: "DELETE",
      url: "/v1/jobs?x=1",
      headers: AUTHORIZED,
    });
    expect(problemOf(response)).toMatchObject({ status: 405, code: "METHOD_NOT_ALLOWED" });
    expect(response.headers["allow"]).toBe("GET, HEAD, OPTIONS, POST");
  });

  test("OPTIONS returns a route's methods", async () => {
    const response = await backend.app.inject({
      method: "OPTIONS",
      url: "/v1/jobs/job_1",
      headers: AUTHORIZED,
    });
    expect(response.statusCode).toBe(204);
    expect(response.headers["allow"]).toBe("DELETE, GET, HEAD, OPTIONS");
  });

  test("HEAD returns the headers of GET and no body", async () => {
    const url = `/v1/jobs/${backend.addJob()}`;
    const head = await backend.app.inject({ method: "HEAD", url, headers: AUTHORIZED });
    expect(head.headers["content-length"]).toBe((await backend.get(url)).headers["content-length"]);
    expect(head.body).toBe("");
  });

  test("HEAD does not open a stream", async () => {
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
  ])("%s is not a route", async (url) => {
    expect(problemOf(await backend.get(url))).toMatchObject({ status: 404 });
  });

  test("a URL that cannot be decoded gets a 400", async () => {
    expect(problemOf(await backend.get("/v1/jobs/%zz")).code).toBe("REQUEST_MALFORMED");
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
  ])("%s gets an error that names the invalid parameter", async (url, path) => {
    const problem = problemOf(await backend.get(url));
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.issues.map((issue) => issue.path)).toContain(path);
  });

  test.each(["/v1/jobs/none", "/v1/jobs/none/events", "/v1/jobs/none/logs"])(
    "%s is refused with JOB_NOT_FOUND",
    async (url) => {
      expect(problemOf(await backend.get(url))).toMatchObject({
        status: 404,
        code: "JOB_NOT_FOUND",
      });
    },
  );
});

describe("a job", () => {
  test("shows the status of each step, and its stored JSON byte for byte", async () => {
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
            // JSON.stringify would not write this number, so it shows that nothing parsed the text.
            output: '{"n":1.0000000000000000001}' as never,
            truncated: false,
          },
        ],
      },
    });
    backend.setProgress({ fraction: 0.5, message: "half", at: 0 });
    const response = await backend.get(`/v1/jobs/${id}`);
    const job = Job.parse(response.json());
    expect(job.steps.map((step) => step.status)).toEqual(["completed", "running", "pending"]);
    expect(job.progress).toEqual({
      fraction: 0.5,
      message: "half",
      at: "1970-01-01T00:00:00.000Z",
    });
    expect(response.body).toContain('"output":{"n":1.0000000000000000001}');
    expect(job.webhook?.headers).toEqual({ Authorization: "***" });
    expect(response.body).not.toContain("s3cret");
  });
});

describe("a browser", () => {
  test("without a token gets a problem where the route's response is JSON", async () => {
    const response = await backend.get("/openapi.json", { accept: BROWSER });
    expect(problemOf(response)).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
  });

  test("can only GET and HEAD /", async () => {
    const headers = { ...AUTHORIZED, accept: BROWSER };
    expect((await backend.app.inject({ method: "POST", url: "/", headers })).statusCode).toBe(404);
  });

  test("gets problems from the API like every client", async () => {
    expect(problemOf(await backend.get("/v1/jobs", { accept: BROWSER })).status).toBe(401);
    expect(problemOf(await backend.get("/nowhere", { accept: BROWSER })).status).toBe(401);
  });
});

describe("for a program, / is a 404", () => {
  test.each([
    undefined,
    "*/*",
    "application/json",
    "application/json, text/plain, */*",
    "application/json, text/html",
    "application/problem+json, text/html;q=0.9",
    "text/html;q=0, */*",
    "text/html;q=high",
    "text/xhtml",
  ])("that accepts %s", async (accept) => {
    const acceptHeader: Record<string, string> = accept === undefined ? {} : { accept };
    for (const method of ["GET", "HEAD", "POST", "DELETE", "OPTIONS"] as const) {
      const ask = (headers: Record<string, string>) =>
        backend.app.inject({ method, url: "/", headers: { ...acceptHeader, ...headers } });
      const [stranger, known] = [await ask({}), await ask(AUTHORIZED)];
      expect([stranger.statusCode, known.statusCode], method).toEqual([401, 404]);
      expect(stranger.headers["content-type"]).toContain("application/problem+json");
      if (method !== "HEAD") expect(problemOf(known).code).toBe("ROUTE_NOT_FOUND");
    }
  });
});

describe("the daemon", () => {
  test("says at /readyz why it is not ready", async () => {
    backend.notReady.push("The daemon is starting.");
    const response = await backend.get("/readyz", {});
    expect(problemOf(response)).toMatchObject({
      status: 503,
      code: "NOT_READY",
      detail: "The daemon is starting.",
    });
    expect(response.headers["retry-after"]).toBe("1");
  });

  test("reports stored objects and requests at /metrics, without ids", async () => {
    await backend.get(`/v1/jobs/${backend.addJob()}`);
    const { body } = await backend.get("/metrics");
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

  test("serves /docs with a policy that allows no script", async () => {
    const response = await backend.get("/docs");
    expect(response.headers["content-type"]).toContain("text/html");
    expect(response.headers["content-security-policy"]).toContain("default-src 'none'");
  });

  test("the page /docs has the very style that its policy takes, to the last space", async () => {
    const { body, headers } = await backend.get("/docs");
    const styles = [...body.matchAll(/<style[^>]*>(.*?)<\/style>/gs)].map(([, text = ""]) => text);
    expect(styles).toHaveLength(1);
    const hash = createHash("sha256").update(styles.join()).digest("base64");
    expect(headers["content-security-policy"]).toContain(`style-src 'sha256-${hash}'`);
  });

  test("logs a request in one line, without its token, headers, ids and body", async () => {
    const webhook = {
      url: "https://e.test/hook-secret",
      headers: { Authorization: "header-secret" },
    };
    await backend.submit({ plugins: ["echo"], input: "input-secret", webhook });
    expect(backend.logLines).toHaveLength(1);
    expect(JSON.parse(backend.logLines[0] ?? "")).toMatchObject({
      method: "POST",
      route: "/v1/jobs",
      status: 202,
      msg: "http.answered",
    });
    expect(backend.logLines[0]).not.toMatch(/secret|scripted-token/);
  });

  test.each([
    [
      "with a token of too low a scope",
      { method: "POST", url: "/v1/jobs", headers: { authorization: "Bearer read-token" } },
      { route: "/v1/jobs", status: 403, code: "INSUFFICIENT_SCOPE", token: "of-read" },
    ],
    [
      "without a route",
      { method: "GET", url: "/v2/jobs?key=secret" },
      { route: "none", path: "/v2/jobs", status: 404, code: "ROUTE_NOT_FOUND" },
    ],
    [
      "with a method that its path does not support",
      { method: "PUT", url: "/v1/jobs" },
      { route: "none", path: "/v1/jobs", status: 405, code: "METHOD_NOT_ALLOWED" },
    ],
  ] as const)("logs a request %s with its error code", async (_, request, line) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    await backend.app.inject({ headers, ...request });
    const [logged = ""] = backend.logLines;
    expect(JSON.parse(logged)).toMatchObject(line);
    expect("path" in (JSON.parse(logged) as object)).toBe("path" in line);
    expect(logged).not.toContain("secret");
  });
});
