import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createBackend, problemOf, type Backend } from "../../test/support/scripted-backend.ts";
import { Job } from "./contract/job.ts";
import { cpuMsOf } from "../../test/support/cpu-time.ts";

let backend: Backend;

beforeEach(() => {
  backend = createBackend();
});

afterEach(() => backend.app.close());

describe("submitting", () => {
  test("passes the request with its defaults to the engine and returns 202 with the job's location", async () => {
    const response = await backend.submit({
      plugins: ["echo", { name: "echo", options: { a: 1 } }],
    });
    expect(response.statusCode).toBe(202);
    expect(response.headers["location"]).toBe("/v1/jobs/job_1");
    expect(response.json()).toEqual({
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

  test("takes null for a field that is not set", async () => {
    const given = { plugins: ["echo"], name: null, metadata: null, tags: null, runAt: null };
    expect((await backend.submit(given)).statusCode).toBe(202);
    await backend.submit({ plugins: ["echo"] });
    expect(backend.submitted[0]).toEqual(backend.submitted[1]);
    expect(backend.submitted[0]).toMatchObject({ name: null, metadata: {}, runAt: null });
  });

  test("takes tags as a set, and no tags as none", async () => {
    for (const tags of [["b", "a", "b"], ["a", "b"], [], undefined]) {
      await backend.submit({ plugins: ["echo"], tags });
    }
    const [given, same, empty, missing] = backend.submitted;
    expect(given?.tags).toEqual(["a", "b"]);
    expect(same).toEqual(given);
    expect(empty).toEqual(missing);
    expect(empty).not.toHaveProperty("tags");
    const longest = ["x".repeat(64), "Az09-_.:/@="];
    expect((await backend.submit({ plugins: ["echo"], tags: longest })).statusCode).toBe(202);
  });

  test("accepts every field", async () => {
    const response = await backend.submit(
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
    expect(response.statusCode).toBe(202);
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
    ["/plugins", { plugins: [] }, "is an empty array: it must have at least 1 item"],
    ["/plugins", { plugins: Array(51).fill("echo") }, "is an array: it must have at most 50 items"],
    ["/plugins/1", { plugins: ["echo", 7] }, "is 7: it must be a plugin's name, or an object"],
    ["/plugins/0/name", { plugins: [{ name: "" }] }, 'is "": it must be at least 1 character long'],
    ["/plugins/0/name", { plugins: [{ options: {} }] }, "is missing: it must be a string"],
    [
      "/plugins/0/option",
      { plugins: [{ name: "a", option: 1 }] },
      'is not a known field (did you mean "options"?)',
    ],
    [
      "/callback",
      { plugins: ["echo"], callback: "x" },
      'is not a known field: the known fields are "plugins", "input", "webhook", ',
    ],
    ["/priority", { plugins: ["echo"], priority: 1001 }, "is 1001: it must be at most 1000"],
    ["/priority", { plugins: ["echo"], priority: 0.5 }, "is 0.5: it must be an integer"],
    ["/priority", { plugins: ["echo"], priority: "1" }, 'is "1": it must be a number'],
    [
      "/name",
      { plugins: ["echo"], name: "x".repeat(201) },
      "is 201 characters long: it must be at most 200",
    ],
    ["/metadata", { plugins: ["echo"], metadata: [] }, "is an empty array: it must be an object"],
    [
      "/tags/1",
      { plugins: ["echo"], tags: ["a", "b c"] },
      'is "b c": it must be 1 to 64 letters from A to Z, digits, and characters from - _ . : / @ =',
    ],
    ["/tags/0", { plugins: ["echo"], tags: [""] }, 'is "": it must be 1 to 64 letters'],
    ["/tags/0", { plugins: ["echo"], tags: ["x".repeat(65)] }, "it must be 1 to 64 letters"],
    ["/tags/0", { plugins: ["echo"], tags: ["übung"] }, "letters from A to Z"],
    ["/tags/0", { plugins: ["echo"], tags: [7] }, "is 7: it must be a string"],
    ["/tags", { plugins: ["echo"], tags: "nightly" }, 'is "nightly": it must be an array'],
    ["/tags", { plugins: ["echo"], tags: Object.keys(many(11)) }, "must have at most 10 items"],
    ["/runAt", { plugins: ["echo"], runAt: "2026-11-23T09:30:00" }, "with an offset"],
    ["/runAt", { plugins: ["echo"], runAt: "2026-02-30T09:30:00Z" }, "must be an ISO 8601 date"],
    ["/timeoutMs", { plugins: ["echo"], timeoutMs: 0 }, "is 0: it must be at least 1"],
    ["/timeoutMs", { plugins: ["echo"], timeoutMs: 604_800_001 }, "at most 604800000"],
    ["/webhook/url", hook({ url: "ftp://e.test/" }), "must be an absolute http or https URL"],
    ["/webhook/url", hook({ url: "/hook" }), "must be an absolute http or https URL"],
    ["/webhook/url", hook({ url: "https://me:secret@e.test/" }), "not contain a user name"],
    [
      "/webhook/url",
      hook({ url: `https://e.test/${"x".repeat(2048)}` }),
      "at most 2048 characters",
    ],
    ["/webhook/on", hook({ on: [] }), "must have at least 1 item"],
    ["/webhook/on/0", hook({ on: ["done"] }), 'is "done": it must be "started" or "progress"'],
    ["/webhook/retries", hook({ retries: 11 }), "is 11: it must be at most 10"],
    ["/webhook/headers", hook({ headers: many(51) }), "must have at most 50 headers"],
    ["/webhook/headers/a b", hook({ headers: { "a b": "" } }), "is not a valid header name"],
    ["/webhook/headers/X", hook({ headers: { X: "a\r\nB: c" } }), "not contain a line break"],
    ["/webhook/headers/X", hook({ headers: { X: "a".repeat(4097) } }), "at most 4096 characters"],
    ["/webhook/headers/X", hook({ headers: { X: 5 } }), "must be a string"],
    ["/webhook/headers/x", hook({ headers: { X: "1", x: "2" } }), "given twice"],
    [
      "/webhook/headers/Content-Type",
      hook({ headers: { "Content-Type": "a" } }),
      "the daemon sets itself",
    ],
    [
      "/webhook/headers/content-encoding",
      hook({ headers: { "content-encoding": "gzip" } }),
      "must not be set: the body is sent without an encoding",
    ],
    [
      "/webhook/headers/webhook-id",
      hook({ headers: { "webhook-id": "a" } }),
      "the daemon sets itself",
    ],
    ["/webhook/headers/Host", hook({ headers: { Host: "a" } }), "the daemon sets itself"],
    ["", null, "is null: it must be an object"],
    ["", [], "is an empty array: it must be an object"],
  ])("refuses an invalid value at %j: %j", async (path, body, message) => {
    const problem = problemOf(await backend.submit(JSON.stringify(body)));
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.issues).toContainEqual({
      path,
      message: expect.stringContaining(message) as string,
    });
    expect(backend.submitted).toEqual([]);
  });

  test("reports all errors together, but never repeats the value of a header or URL", async () => {
    const response = await backend.submit({
      plugins: [],
      webhook: { url: "hunter2", headers: { Authorization: "hunter2\n" }, retries: -1 },
    });
    expect(problemOf(response).issues).toHaveLength(4);
    expect(response.body).not.toContain("hunter2");
  });

  test("reports 400,000 invalid items as one issue in less than 1.5 s of processor time", async () => {
    const submit = async () => {
      const response = await backend.submit(`{"plugins":[${"0,".repeat(400_000)}0]}`);
      expect(problemOf(response).issues).toHaveLength(1);
    };
    expect(await cpuMsOf(submit)).toBeLessThan(1500);
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
    expect(problemOf(await backend.submit(body))).toMatchObject({ code, status });
  });

  test("reports the size and the limit of too large a body, and what to do instead", async () => {
    const response = await backend.submit(JSON.stringify("x".repeat(1024 * 1024)));
    expect(problemOf(response).detail).toBe(
      "The request's body is 1048578 bytes: it must be at most 1048576 bytes. For a larger input, pass a file in the files folder or a URL to a plugin that accepts one. PLAYGROUND_BODY_LIMIT sets the limit.",
    );
  });

  test("refuses another content type", async () => {
    const response = await backend.submit("plugins=echo", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(problemOf(response)).toMatchObject({ code: "CONTENT_TYPE_UNSUPPORTED", status: 415 });
  });

  test.each(["", "k".repeat(256)])("refuses the Idempotency-Key %j", async (key) => {
    const response = await backend.submit({ plugins: ["echo"] }, { "idempotency-key": key });
    expect(problemOf(response)).toMatchObject({ code: "IDEMPOTENCY_KEY_INVALID", status: 400 });
  });

  test("returns the first job in its current state for a known Idempotency-Key", async () => {
    const jobId = backend.addJob({ job: { status: "running" } });
    backend.answerSubmitWith(async () => ({ jobId, replayed: true, joined: false }));
    const response = await backend.submit({ plugins: ["echo"] }, { "idempotency-key": "k" });
    expect(response.headers["idempotent-replayed"]).toBe("true");
    expect(response.json()).toMatchObject({ jobId, status: "running" });
  });
});

describe("waiting for a job", () => {
  test("returns an ended job of a known Idempotency-Key even when no wait is allowed", async () => {
    await backend.app.close();
    backend = createBackend({ maxWaits: 0 });
    const jobId = backend.addJob({ job: { status: "completed" } });
    backend.answerSubmitWith(async () => ({ jobId, replayed: true, joined: false }));
    const response = await backend.submit({ plugins: ["echo"] }, { prefer: "wait=10" });
    expect([response.statusCode, response.headers["preference-applied"]]).toEqual([200, undefined]);
    expect(Job.parse(response.json())).toMatchObject({ jobId, status: "completed" });
  });

  test("returns 200 with the whole job when it ended in time", async () => {
    const pending = backend.submit({ plugins: ["echo"] }, { prefer: "respond-async, wait=30" });
    while (backend.listenerCount("job_1") === 0) await sleep(1);
    backend.addEvent("job_1", "completed");
    const response = await pending;
    expect(response.statusCode).toBe(200);
    expect(response.headers["preference-applied"]).toBe("wait=30");
    expect(Job.parse(response.json())).toMatchObject({ jobId: "job_1", status: "completed" });
    expect(backend.listenerCount("job_1")).toBe(0);
  });

  test.each([
    ["was removed", (token: string) => backend.forgetToken(token)],
    ["lost its scope", (token: string) => backend.changeScope(token, "read")],
  ])("returns 401 without the job to a token that %s during the wait", async (_, change) => {
    const headers = { prefer: "wait=30", authorization: "Bearer run-token" };
    const pending = backend.submit({ plugins: ["echo"], input: "input-secret" }, headers);
    while (backend.listenerCount("job_1") === 0) await sleep(1);
    change("run-token");
    backend.addEvent("job_1", "completed");
    const response = await pending;
    expect(problemOf(response)).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    expect(response.headers["www-authenticate"]).toContain("Bearer");
    expect(response.body).not.toContain("input-secret");
  });

  test("returns 202 with the job's current status when the time is over", async () => {
    const pending = backend.submit({ plugins: ["echo"] }, { prefer: "wait=1" });
    while (backend.listenerCount("job_1") === 0) await sleep(1);
    backend.addEvent("job_1", "started");
    const response = await pending;
    expect(response.statusCode).toBe(202);
    expect(response.json()).toMatchObject({ jobId: "job_1", status: "running" });
  });

  test("returns 202 immediately when the server closes", async () => {
    const pending = backend.submit({ plugins: ["echo"] }, { prefer: "wait=60" });
    while (backend.listenerCount("job_1") === 0) await sleep(1);
    await Promise.all([backend.app.close(), pending]);
    expect((await pending).statusCode).toBe(202);
  });

  test("waits at most 60 s and ignores a preference that it cannot parse", async () => {
    const jobId = backend.addJob();
    backend.answerSubmitWith(async () => ({ jobId, replayed: false, joined: false }));
    for (const [prefer, applied] of [
      ["wait=3600", "wait=60"],
      ["wait=soon", undefined],
      ["return=minimal", undefined],
    ] as const) {
      const pending = backend.submit({ plugins: ["echo"] }, { prefer });
      if (applied !== undefined) {
        while (backend.listenerCount(jobId) === 0) await sleep(1);
        backend.addEvent(jobId, "completed");
      }
      expect((await pending).headers["preference-applied"]).toBe(applied);
    }
  });
});
