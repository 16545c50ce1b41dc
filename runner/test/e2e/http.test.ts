import { mkdtemp, rm, writeFile } from "node:fs/promises";

import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { EVENT_KINDS } from "../../src/domain/event.ts";
import { Delivery, DeliverySummary } from "../../src/http/contract/deliveries.ts";
import { EVENT_PAYLOADS } from "../../src/http/contract/events.ts";
import { pageOf } from "../../src/http/contract/fields.ts";
import { Job } from "../../src/http/contract/job.ts";
import { JobSummary } from "../../src/http/contract/job-summary.ts";
import { LogLine } from "../../src/http/contract/logs.ts";
import { Plugin } from "../../src/http/contract/plugins.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { differences, GUIDE_EVENTS, GUIDE_WEBHOOK } from "../support/guide.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { sendBytes } from "../support/wire.ts";

const plugin = (name: string, run: string): string =>
  `import { definePlugin } from "playground-runner/plugin";
export default definePlugin({ name: "${name}", description: "For a test.", run: ${run} });
`;

const PLUGINS: Readonly<Record<string, string>> = {
  "count.ts": plugin(
    "count",
    `(input, ctx) => {
      ctx.metrics.add("processedItems", input.items.length);
      ctx.log.info("counting", { items: input.items.length });
      return input;
    }`,
  ),
  "throw.ts": plugin("throw", `() => { throw new Error("Plugin execution failed"); }`),
  "half.ts": plugin(
    "half",
    `async (input, ctx) => {
      ctx.progress(0.5, "half way");
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      throw ctx.signal.reason;
    }`,
  ),
};

let root: string;
let daemon: Daemon;
let receiver: Receiver;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "playground-http-"));
  for (const [name, source] of Object.entries(PLUGINS)) await writeFile(join(root, name), source);
  [daemon, receiver] = await Promise.all([startDaemon({ pluginsDir: root }), createReceiver()]);
});

afterAll(async () => {
  await daemon.close();
  await receiver.close();
  await rm(root, { recursive: true, force: true });

  test("a request with an unknown plugin gets the name that was meant", async () => {
    for (const [path, init] of [
      ["/v1/plugins/cuont", {}],
      ["/v1/jobs", { method: "POST", body: `{"plugins":["cuont"]}` }],
    ] as const) {
      const headers = { "content-type": "application/json" };
      const response = await daemon.request(path, "body" in init ? { ...init, headers } : {});
      const { detail } = (await response.json()) as { detail: string };
      expect(detail).toContain('There is no plugin "cuont". Did you mean "count"?');
    }
  });
});

const WAIT = { prefer: "wait=20" };

function fits(schema: z.ZodType, value: unknown): void {
  const parsed = schema.safeParse(value);
  expect(parsed.error).toBeUndefined();
  // z.object drops unknown fields, so that an additional field fails here.
  expect(parsed.data).toEqual(value);
}

describe("events of a real run, as a real endpoint receives them,", () => {
  const input = { items: [1, 2, 3] };

  test("have every field of the guide's examples, and match the OpenAPI document's schemas", async () => {
    const { on: _all, ...webhook } = { ...GUIDE_WEBHOOK, url: `${receiver.url}/guide` };
    await daemon.post("/v1/jobs", { plugins: ["count", "count"], input, webhook });
    await daemon.post("/v1/jobs", { plugins: ["count", "throw"], input, webhook });
    const events = (await receiver.untilReceived(7, ({ path }) => path === "/guide")).map(
      ({ event }) => event,
    );
    for (const kind of EVENT_KINDS) {
      // After the last plugin, currentPlugin is null by contract.
      const ofKind = events.filter(
        ({ status, progress }) => status === kind && progress?.currentPlugin !== null,
      );
      expect(ofKind.length, kind).toBeGreaterThan(0);
      for (const event of ofKind) {
        expect(differences(GUIDE_EVENTS[kind], event), kind).toEqual([]);
        fits(EVENT_PAYLOADS[kind], event);
      }
    }
  });

  test("are the kinds in the guide's `on`, with the guide's headers", async () => {
    const webhook = { ...GUIDE_WEBHOOK, url: `${receiver.url}/on` };
    await daemon.post("/v1/jobs", { plugins: ["count"], input, webhook });
    await daemon.post("/v1/jobs", { plugins: ["throw"], input, webhook });
    const received = await receiver.untilReceived(2, ({ path }) => path === "/on");
    expect(received.map(({ event }) => event.status as string).toSorted()).toEqual([
      "completed",
      "failed",
    ]);
    for (const { headers } of received) {
      expect(headers).toMatchObject({
        authorization: "Bearer your-token",
        "custom-header": "custom-value",
      });
    }
  });

  test("are byte for byte the events of the list and of the stream", async () => {
    const webhook = { url: `${receiver.url}/same` };
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["count"], input, webhook });
    const stream = await daemon.request(`/v1/jobs/${jobId}/events`, {
      headers: { accept: "text/event-stream" },
    });
    const streamed = [...(await stream.text()).matchAll(/^data: (\{"status".*)$/gm)].map(
      ([, data]) => data,
    );
    const delivered = await receiver.untilReceived(3, ({ path }) => path === "/same");
    const listed = await (await daemon.request(`/v1/jobs/${jobId}/events`)).text();
    expect(streamed).toEqual(delivered.map(({ body }) => body));
    expect(listed).toBe(`{"items":[${streamed.join(",")}],"nextCursor":null}`);
  });
});

test("every response matches its schema and has no other field", async () => {
  const webhook = { url: `${receiver.url}/schemas`, headers: { "X-Secret": "s3cret" } };
  const body = { plugins: ["count", "throw"], input: { items: [] }, webhook, metadata: { a: 1 } };
  const job = await daemon.post("/v1/jobs", body, WAIT);
  await receiver.untilReceived(3, ({ path }) => path === "/schemas");
  fits(Job, job);
  expect(job).toMatchObject({ status: "failed", errorCode: "PLUGIN_THREW", output: null });
  fits(pageOf(JobSummary), await daemon.get("/v1/jobs?plugin=throw&status=failed&limit=1"));
  fits(pageOf(LogLine), await daemon.get(`/v1/jobs/${job.jobId}/logs`));
  fits(pageOf(Plugin), await daemon.get("/v1/plugins"));
  const list = await until("three deliveries", async () => {
    const page = await daemon.get(`/v1/deliveries?jobId=${job.jobId}&state=delivered`);
    return page.items.length === 3 ? page : null;
  });
  fits(pageOf(DeliverySummary), list);
  const delivery = await daemon.get(`/v1/deliveries/${list.items[0].deliveryId}`);
  fits(Delivery, delivery);
  expect(delivery.attempts).toMatchObject([{ number: 1, status: 200, response: "ok" }]);
  expect(JSON.stringify([job, list, delivery])).not.toContain("s3cret");
});

describe("a number that JavaScript cannot represent", () => {
  const BIG = "8202522731445525542";
  const post = (path: string, body: string) =>
    daemon.request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });

  test("is the same in the job, its events and its options", async () => {
    const data = `{"id":${BIG},"list":[${BIG},0.1000000000000000055,1e400]}`;
    const answer = await post(
      "/v1/jobs",
      `{"plugins":[{"name":"count","options":${data}}],"input":${data},"metadata":${data},"webhook":{"url":"${receiver.url}/exact"}}`,
    );
    const { jobId } = (await answer.json()) as { jobId: string };
    const [started, ...more] = await receiver.untilReceived(2, ({ path }) => path === "/exact");
    expect(started?.body).toContain(`"input":${data}`);
    for (const event of [started, ...more]) expect(event?.body).toContain(`"metadata":${data}`);
    const job = await (await daemon.request(`/v1/jobs/${jobId}`)).text();
    for (const field of ["input", "metadata", "options"]) {
      expect(job).toContain(`"${field}":${data}`);
    }
  });

  test("is the same in a batch", async () => {
    const metadata = `{"id":${BIG}}`;
    const answer = await post(
      "/v1/batches",
      `{"jobs":[{"plugins":["count"],"input":${BIG},"metadata":${metadata},"webhook":{"url":"${receiver.url}/batch"}}]}`,
    );
    expect(answer.status).toBe(202);
    const [started] = await receiver.untilReceived(1, ({ path }) => path === "/batch");
    expect(started?.body).toContain(`"metadata":${metadata}`);
    expect(started?.body).toContain(`"input":${BIG}`);
  });

  test("is a number for a plugin's schema, and for the fields of a job", async () => {
    const plugins = `[{"name":"text-chunk","options":{"maxTokens":${BIG}}}]`;
    const options = await post("/v1/jobs", `{"plugins":${plugins},"input":{"text":"a"}}`);
    expect(await options.json()).toMatchObject({
      code: "OPTIONS_INVALID",
      issues: [{ message: expect.stringMatching(/^is 8202522731445526000: /) as string }],
    });
    const priority = await post("/v1/jobs", `{"plugins":["count"],"priority":${BIG}}`);
    expect(await priority.json()).toMatchObject({
      code: "BODY_INVALID",
      issues: [
        { path: "/priority" },
        { message: "is 8202522731445526000: it must be at most 1000" },
      ],
    });
  });

  test("counts for an Idempotency-Key", async () => {
    const submit = (n: string) =>
      daemon.request("/v1/jobs", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": "exact" },
        body: `{"plugins":["count"],"input":{"items":[]},"metadata":{"id":${n}}}`,
      });
    expect((await submit(BIG)).status).toBe(202);
    expect((await submit(BIG)).status).toBe(202);
    expect((await submit("8202522731445525543")).status).toBe(422);
  });
});

describe("a request that is repeated under its Idempotency-Key", () => {
  const submit = (path: string, body: string, key: string) =>
    daemon.request(path, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body,
    });

  test("is the same with its keys in another order, and not with its items in another order", async () => {
    const job = (metadata: string) =>
      `{"plugins":["count"],"input":{"items":[]},"metadata":${metadata}}`;
    const ask = async (metadata: string) => submit("/v1/jobs", job(metadata), "order");
    const first = await ask('{"a":{"x":1,"y":[1,2]},"b":2}');
    const again = await ask('{"b":2,"a":{"y":[1,2],"x":1}}');
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(await again.json()).toMatchObject({
      jobId: ((await first.json()) as { jobId: string }).jobId,
    });
    expect((await ask('{"a":{"x":1,"y":[2,1]},"b":2}')).status).toBe(422);
    const batch = async (metadata: string) =>
      (await submit("/v1/batches", `{"jobs":[${job(metadata)}]}`, "batch-order")).status;
    expect(await batch('{"x":1,"y":2}')).toBe(202);
    expect(await batch('{"y":2,"x":1}')).toBe(202);
    expect(await batch('{"y":2,"x":2}')).toBe(422);
  });
});

test("the cursor of a page of logs leads to the next page", async () => {
  const input = { items: [1] };
  const { jobId } = await daemon.post(
    "/v1/jobs",
    { plugins: ["count", "count", "count"], input },
    WAIT,
  );
  const seen: number[] = [];
  let cursor = "0";
  do {
    const page = await daemon.get(`/v1/jobs/${jobId}/logs?limit=1&cursor=${cursor}`);
    seen.push(...page.items.map((line: { step: number }) => line.step));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen).toEqual([0, 1, 2]);
});

test("a running job shows its step's progress, can be cancelled, and can be retried from that step", async () => {
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["half"] });
  const running = await until("progress", async () => {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    return job.progress === null ? null : job;
  });
  expect(running).toMatchObject({
    status: "running",
    progress: { fraction: 0.5, message: "half way" },
  });
  expect(running.steps[0].status).toBe("running");
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
  const cancelled = await until("the job to end", async () => {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    return job.status === "failed" ? job : null;
  });
  expect(cancelled).toMatchObject({ errorCode: "CANCELLED", progress: null });
  await daemon.post(`/v1/jobs/${jobId}/retry`, {});
  await until(
    "the job to run again",
    async () => (await daemon.get(`/v1/jobs/${jobId}`)).progress !== null,
  );
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
});

test("concurrent requests with the same Idempotency-Key create one job", async () => {
  const submit = (body: object) =>
    daemon.request("/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "once" },
      body: JSON.stringify(body),
    });
  const body = { plugins: ["count"], input: { items: [] }, name: "once" };
  const answers = await Promise.all(Array.from({ length: 10 }, () => submit(body)));
  const ids = await Promise.all(
    answers.map(async (answer) => ((await answer.json()) as { jobId: string }).jobId),
  );
  expect(new Set(ids).size).toBe(1);
  expect(answers.filter((answer) => answer.headers.has("idempotent-replayed"))).toHaveLength(9);
  expect((await daemon.get("/v1/jobs?name=once")).items).toHaveLength(1);
  expect((await submit({ ...body, priority: 1 })).status).toBe(422);
});

test("the refusal of an input that does not fit the first plugin names the field in the request", async () => {
  const answer = await daemon.request("/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ plugins: ["csv-profile"], input: { text: 5 } }),
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    code: "INPUT_INVALID",
    issues: [{ path: "/input/text" }],
  });
});

test("the refusal of a request without an input says that it is missing", async () => {
  const answer = await daemon.request("/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ plugins: ["csv-profile"] }),
  });
  expect(await answer.json()).toMatchObject({
    code: "INPUT_INVALID",
    issues: [{ path: "/input", message: "is null or missing: it must be an object" }],
  });
});

describe("on the wire", () => {
  function problem(answer: string): { status: number; code: string } {
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    expect(head).toContain("application/problem+json");
    const parsed = JSON.parse(body) as { status: number; code: string };
    expect(head).toContain(`HTTP/1.1 ${parsed.status} `);
    return parsed;
  }

  test.each([
    ["a text that is not HTTP", "hello\r\n\r\n", "REQUEST_MALFORMED"],
    [
      "a header without a name",
      "GET /healthz HTTP/1.1\r\nhost: localhost\r\n: y\r\n\r\n",
      "REQUEST_MALFORMED",
    ],
    [
      "a request without Host",
      "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n",
      "REQUEST_MALFORMED",
    ],
    ["CONNECT", "CONNECT x:80 HTTP/1.1\r\nhost: localhost\r\n\r\n", "METHOD_NOT_ALLOWED"],
    [
      "a request with two lengths",
      "POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
      "REQUEST_MALFORMED",
    ],
    [
      "a header of 32 KiB",
      `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(32_768)}\r\n\r\n`,
      "REQUEST_HEADERS_TOO_LARGE",
    ],
  ])("the response to %s is a problem", async (_, bytes, code) => {
    expect(problem(await sendBytes(daemon.url, bytes)).code).toBe(code);
  });

  test.each([
    ["declared by Content-Length", (body: Buffer) => body],
    ["counted while it arrives", (body: Buffer) => new Blob([body]).stream()],
  ])("a body over 16 MiB, %s, gets a 413 while it is still being sent", async (_, toBody) => {
    const body = Buffer.alloc(17 * 1024 * 1024, 0x20);
    for (let n = 0; n < 5; n += 1) {
      const answer = await daemon.request("/v1/jobs", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: toBody(body),
        duplex: "half",
      });
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ code: "BODY_TOO_LARGE" });
    }
  });

  test("an unknown Expect header is ignored", async () => {
    const answer = await sendBytes(
      daemon.url,
      "GET /healthz HTTP/1.1\r\nhost: localhost\r\nexpect: tea\r\nconnection: close\r\n\r\n",
    );
    expect(answer).toContain("HTTP/1.1 200 OK");
  });
});
