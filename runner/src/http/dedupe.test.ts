import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { submitJob } from "./contract/jobs.ts";

let api: Api;
beforeEach(async () => {
  api = await createApi({ threads: 1 });
});
afterEach(() => api.close());

const ACTIVE = { key: "customer-7", while: "active" };

function submit(dedupe: unknown, { headers = {}, ...more }: Record<string, unknown> = {}) {
  const body = { plugins: ["first"], dedupe, ...more };
  return api.call("POST", "/v1/jobs", body, headers as Record<string, string>);
}

/** Submits a job and ends its step. */
async function complete(dedupe: unknown, output: unknown = null): Promise<string> {
  const { body } = await submit(dedupe);
  await api.world.settle();
  api.pool.begun.at(-1)?.complete(output);
  await api.world.settle();
  return body.jobId as string;
}

describe("dedupe", () => {
  test("answers with the job that has the key, and creates none, whatever the input", async () => {
    const first = await submit(ACTIVE, { name: "the first", input: { text: "a" } });
    expect(first).toMatchObject({ status: 202, body: { status: "queued" } });
    expect(first.body).not.toHaveProperty("deduplicated");
    await api.world.settle();
    const second = await submit(ACTIVE, { name: "the second", input: { text: "b" } });
    const { jobId } = first.body;
    expect(second.status).toBe(200);
    expect(submitJob.responses[200].schema.parse(second.body)).toEqual(second.body);
    expect(second.body).toEqual({
      ...first.body,
      status: "running",
      name: "the first",
      deduplicated: true,
    });
    expect(second.headers["location"]).toBe(`/v1/jobs/${jobId}`);
    expect((await api.call("GET", "/v1/jobs")).body.items).toHaveLength(1);
    expect((await api.call("GET", `/v1/jobs/${jobId}`)).body.dedupe).toEqual({
      ...ACTIVE,
      until: null,
    });
  });

  test("shows the whole job with Prefer: wait, when it has ended", async () => {
    const dedupe = { key: "k", ttlMs: 60_000 };
    const jobId = await complete(dedupe, { rows: 3 });
    const again = await submit(dedupe, { headers: { prefer: "wait=5" } });
    expect(again).toMatchObject({
      status: 200,
      body: { jobId, status: "completed", output: { rows: 3 }, deduplicated: true },
    });
    expect(submitJob.responses[200].schema.parse(again.body)).toEqual(again.body);
    const until = new Date(api.world.clock.now() + 60_000).toISOString();
    expect(again.body.dedupe).toEqual({ key: "k", while: null, until });
  });

  test("with `queued` covers a job until it is taken to run, with `active` until it ends", async () => {
    const running = await submit(ACTIVE);
    await api.world.settle();
    const later = { ...ACTIVE, while: "queued" };
    const waiting = await submit(later, { plugins: ["second"] });
    expect(await submit(later, { plugins: ["second"] })).toMatchObject({
      status: 200,
      body: { jobId: waiting.body.jobId },
    });
    expect((await submit(ACTIVE)).body.jobId).toBe(running.body.jobId);
    api.pool.begun[0]?.complete();
    await api.world.settle();
    expect((await submit(ACTIVE)).status).toBe(202);
    expect((await submit(later, { plugins: ["second"] })).status).toBe(202);
  });

  test("with `ttlMs` covers a job for this time from its submission, and ends with its deletion", async () => {
    const dedupe = { key: "k", ttlMs: 1_000 };
    const jobId = await complete(dedupe);
    await api.world.runUntil(api.world.clock.now() + 999);
    expect((await submit(dedupe)).body).toMatchObject({ jobId, deduplicated: true });
    await api.world.runUntil(api.world.clock.now() + 1);
    const second = await complete(dedupe);
    expect(second).not.toBe(jobId);
    expect((await api.call("DELETE", `/v1/jobs/${second}`)).status).toBe(204);
    expect((await submit(dedupe)).status).toBe(202);
  });

  test("has its keys for the same plugins in the same order only", async () => {
    await submit(ACTIVE, { plugins: ["first", "second"] });
    for (const plugins of [["second", "first"], ["first"], ["first", "second", "third"]]) {
      expect((await submit(ACTIVE, { plugins })).status).toBe(202);
    }
    const withOptions = [{ name: "first", options: { a: 1 } }, "second"];
    expect((await submit(ACTIVE, { plugins: withOptions })).status).toBe(200);
  });

  test("answers a repeated request as the first time, although the key is free by then", async () => {
    const first = await submit(ACTIVE);
    const headers = { "idempotency-key": "order-1" };
    const joined = await submit(ACTIVE, { headers });
    expect(joined).toMatchObject({ status: 200, body: { jobId: first.body.jobId } });
    await api.world.settle();
    api.pool.begun[0]?.complete();
    await api.world.settle();
    const again = await submit(ACTIVE, { headers });
    expect(again).toMatchObject({
      status: 200,
      body: { jobId: first.body.jobId, status: "completed", deduplicated: true },
    });
    expect(again.headers["idempotent-replayed"]).toBe("true");
    const other = await submit(ACTIVE, { headers, input: { text: "other" } });
    expect(problemOf(other)).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
    const made = await submit(ACTIVE, { headers: { "idempotency-key": "order-2" } });
    expect(made.status).toBe(202);
    const replayed = await submit(ACTIVE, { headers: { "idempotency-key": "order-2" } });
    expect(replayed.status).toBe(202);
    expect(replayed.body).not.toHaveProperty("deduplicated");
  });

  const EITHER = "it must have either `while` (`queued` or `active`) or `ttlMs`";
  test.each([
    [{ key: "k" }, `/dedupe is an object: ${EITHER}`],
    [{ key: "k", while: "queued", ttlMs: 5 }, `/dedupe is an object: ${EITHER}`],
    [{ key: "", while: "queued" }, '/dedupe/key is "": it must be at least 1 character long'],
    [
      { key: "k".repeat(256), while: "queued" },
      "/dedupe/key is 256 characters long: it must be at most 255 characters long",
    ],
    [{ key: "k", while: "running" }, '/dedupe/while is "running": it must be "queued" or "active"'],
    [{ key: "k", ttlMs: 0 }, "/dedupe/ttlMs is 0: it must be at least 1"],
    [{ key: "k", ttlMs: 2_592_000_001 }, "it must be at most 2592000000"],
    [
      { key: "k", ttl: 5 },
      '/dedupe/ttl is not a known field: the known fields are "key", "while", "ttlMs"',
    ],
    ["k", '/dedupe is "k": it must be an object'],
  ])("refuses %j", async (dedupe, detail) => {
    const problem = problemOf(await submit(dedupe));
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.detail).toContain(detail);
  });

  test("is refused for a job of a batch and of a schedule", async () => {
    const jobs = [{ plugins: ["first"] }, { plugins: ["first"], dedupe: ACTIVE }];
    const problem = problemOf(await api.call("POST", "/v1/batches", { jobs }));
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.detail).toBe(
      "/jobs/1/dedupe cannot be in a batch: submit the job with POST /v1/jobs, or give it an `idempotencyKey`.",
    );
    const schedule = { key: "s", everyMs: 60_000, job: jobs[1] };
    expect(problemOf(await api.call("POST", "/v1/schedules", schedule)).detail).toContain(
      "/job/dedupe is not a known field",
    );
  });
});
