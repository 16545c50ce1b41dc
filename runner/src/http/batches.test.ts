import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApi, problemOf, type Answered, type Api } from "../../test/support/api.ts";
import type { ScriptedStep } from "../../test/support/scripted-pool.ts";
import { until } from "../../test/support/until.ts";
import { AcceptedBatch, Batch, BatchCallback } from "./contract/batches.ts";

const HOOK = { url: "http://endpoint.test/callback", headers: { "X-Key": "s3cret" }, retries: 10 };
const OTHER_HOOK = { ...HOOK, url: "http://endpoint.test/other" };
const job = (input: unknown, more: object = {}) => ({ plugins: ["first"], input, ...more });

let api: Api;
let run: ((step: ScriptedStep) => void) | undefined;

beforeEach(async () => {
  run = undefined;
  api = await createApi({
    run: (step) => run?.(step),
    checkInput: (_, input) =>
      input === "wrong" ? [{ path: "", message: 'is "wrong": it must be right' }] : [],
  });
});
afterEach(() => api.close());

/** Completes the step with its own input. The input `fail` makes it fail. */
function echo(step: ScriptedStep): void {
  const input = JSON.parse(step.task.input) as unknown;
  if (input === "fail") step.fail();
  else step.complete(input);
}

function submit(body: object, headers: Record<string, string> = {}): Promise<Answered> {
  return api.call("POST", "/v1/batches", body, headers);
}

const get = (batchId: string): Promise<Answered> => api.call("GET", `/v1/batches/${batchId}`);

async function untilEnded(batchId: string): Promise<Answered> {
  return until("the batch's end", async () => {
    const response = await get(batchId);
    return response.body.endedAt === null ? null : response;
  });
}

const callbacks = () => api.sender.sent.filter(({ event }) => "batchId" in event);

describe("a batch", () => {
  test("gets a 202 with its jobs in order and its location", async () => {
    const { status, headers, body } = await submit({ jobs: [job(1), job(2)] });
    expect(status).toBe(202);
    expect(headers["location"]).toBe(`/v1/batches/${body.batchId}`);
    expect(AcceptedBatch.parse(body)).toEqual(body);
    expect(body).toMatchObject({ status: "running", jobs: [{}, {}] });
    expect(body.url).toBe(`http://daemon.test/v1/batches/${body.batchId}`);
    const jobs = await Promise.all(
      body.jobs.map(({ jobId }: { jobId: string }) => api.call("GET", `/v1/jobs/${jobId}`)),
    );
    expect(jobs.map((one: Answered) => one.body.input)).toEqual([1, 2]);
  });

  test("shows every job with its output or error, in the order of the request", async () => {
    const jobs = [job({ n: 1 }, { name: "one" }), job("fail"), job([3])];
    const { body } = await submit({ jobs, webhook: HOOK });
    for (const step of [await api.pool.step(2), await api.pool.step(1)]) echo(step);
    echo(await api.pool.step(3));
    const ended = await untilEnded(body.batchId);
    expect(Batch.parse(ended.body)).toEqual(ended.body);
    expect(ended.body).toMatchObject({
      status: "failed",
      counts: { total: 3, queued: 0, running: 0, completed: 2, failed: 1 },
      jobs: [
        { name: "one", status: "completed", output: { n: 1 }, error: null, errorCode: null },
        { name: null, status: "failed", output: null, errorCode: "PLUGIN_THREW" },
        { status: "completed", output: [3] },
      ],
      webhook: { url: HOOK.url, headers: { "X-Key": "***" }, retries: 10 },
    });
    expect(ended.text).not.toContain("s3cret");
    await until("the callback", () => callbacks().length === 1);
    const { outgoing, event } = callbacks()[0] ?? {};
    expect(BatchCallback.parse(event)).toEqual(event);
    expect(event.jobs.map((one: { jobId: string }) => one.jobId)).toEqual(
      ended.body.jobs.map((one: { jobId: string }) => one.jobId),
    );
    expect(outgoing?.headers["X-Key"]).toBe("s3cret");
    await api.world.settle();
    const { body: list } = await api.call("GET", `/v1/deliveries?batchId=${body.batchId}`);
    expect(list.items).toMatchObject([
      { jobId: null, batchId: body.batchId, event: "batch", sequence: 1, state: "delivered" },
    ]);
    expect(list.items[0].eventId).toBe(outgoing?.headers["webhook-id"]);
  });

  test("gets a 200 with the whole batch when every job ended within the wait", async () => {
    run = echo;
    const { status, headers, body } = await submit({ jobs: [job(1)] }, { prefer: "wait=30" });
    expect(status).toBe(200);
    expect(headers["preference-applied"]).toBe("wait=30");
    expect(Batch.parse(body)).toMatchObject({ status: "completed", jobs: [{ output: 1 }] });
  });

  test.each(["the batch", "its job"])(
    "is over before a read of %s responds, if asked",
    async (what) => {
      const { body } = await submit({ jobs: [job(1)] });
      const path = what === "its job" ? `jobs/${body.jobs[0].jobId}` : `batches/${body.batchId}`;
      const pending = api.call("GET", `/v1/${path}`, undefined, { prefer: "wait=30" });
      echo(await api.pool.step(1));
      const response = await pending;
      expect(response.headers["preference-applied"]).toBe("wait=30");
      expect(response.body).toMatchObject({ status: "completed" });
    },
  );

  test("gets a 202 with the jobs' current status when the wait was too short", async () => {
    const pending = submit({ jobs: [job(1), job(2)] }, { prefer: "wait=1" });
    echo(await api.pool.step(1));
    const { status, body } = await pending;
    expect(status).toBe(202);
    expect(AcceptedBatch.parse(body).jobs.map((one) => one.status)).toEqual([
      "completed",
      "running",
    ]);
  });

  test("shows at most 64 MiB of outputs, and marks the jobs whose output it left out", async () => {
    run = (step) => step.complete(step.task.input === "0" ? "x" : "x".repeat(33 * 1024 * 1024));
    const { body } = await submit({ jobs: [job(1), job(2), job(0)] }, { prefer: "wait=30" });
    expect(Batch.parse(body).jobs.map(({ truncated }) => truncated)).toEqual([false, true, false]);
    const [first, second, last] = body.jobs;
    expect([first.output.length, second.output, last.output]).toEqual([
      33 * 1024 * 1024,
      null,
      "x",
    ]);
    const { body: whole } = await api.call("GET", `/v1/jobs/${second.jobId}`);
    expect(whole.output).toBe(first.output);
  });

  test("is created once per Idempotency-Key", async () => {
    const request = { jobs: [job(1)], webhook: HOOK };
    const first = await submit(request, { "idempotency-key": "once" });
    const second = await submit(request, { "idempotency-key": "once" });
    expect(second.status).toBe(202);
    expect(second.headers["idempotent-replayed"]).toBe("true");
    expect(second.body.batchId).toBe(first.body.batchId);
    const other = await submit({ jobs: [job(2)] }, { "idempotency-key": "once" });
    expect(problemOf(other)).toMatchObject({ status: 422, code: "IDEMPOTENCY_KEY_REUSED" });
    const elsewhere = { ...request, webhook: { ...HOOK, url: `${HOOK.url}/other` } };
    const moved = await submit(elsewhere, { "idempotency-key": "once" });
    expect(problemOf(moved)).toMatchObject({ status: 422, code: "IDEMPOTENCY_KEY_REUSED" });
    const long = await submit(request, { "idempotency-key": "k".repeat(256) });
    expect(problemOf(long).code).toBe("IDEMPOTENCY_KEY_INVALID");
  });

  test("contains the existing job of a known key in place of a new one, and runs it once", async () => {
    run = echo;
    const [a, b] = [job("a", { idempotencyKey: "a" }), job("b", { idempotencyKey: "b" })];
    const first = await submit({ jobs: [a] }, { prefer: "wait=30" });
    const second = await submit({ jobs: [b, a, b] }, { prefer: "wait=30" });
    expect(second.body.jobs.map((one: { output: string }) => one.output)).toEqual(["b", "a", "b"]);
    expect(second.body.jobs[1].jobId).toBe(first.body.jobs[0].jobId);
    expect(api.pool.begun).toHaveLength(2);
    const ended = await submit({ jobs: [a, b] }, { prefer: "wait=30" });
    expect([ended.status, ended.body.status]).toEqual([200, "completed"]);
    const changed = await submit({ jobs: [job("c", { idempotencyKey: "a" })] });
    expect(problemOf(changed).code).toBe("IDEMPOTENCY_KEY_REUSED");
  });

  test("with invalid jobs is refused as a whole, and each invalid job is named", async () => {
    const refused = await submit({ jobs: [job(1), job("wrong"), job(2), job("wrong")] });
    const problem = problemOf(refused);
    expect(problem).toMatchObject({ status: 400, code: "INPUT_INVALID" });
    expect(problem.detail).toContain("2 of 4 jobs are invalid");
    expect(problem.issues.map(({ path }) => path)).toEqual(["/jobs/1/input", "/jobs/3/input"]);
    const local = { webhook: { url: "http://169.254.169.254/" } };
    const mixed = problemOf(await submit({ jobs: [job(1, local), job("wrong")] }));
    expect(mixed.code).toBe("WEBHOOK_URL_REFUSED");
    expect(mixed.issues.map(({ path }) => path)).toEqual(["/jobs/0/webhook/url", "/jobs/1/input"]);
    expect((await api.call("GET", "/v1/jobs")).body.items).toEqual([]);
  });

  test.each([1_001, 10_001, 400_000])(
    "of %i jobs is refused before a job is validated, and the error names the setting",
    async (size) => {
      const response = await submit({ jobs: Array.from({ length: size }, () => 0) });
      expect(problemOf(response)).toMatchObject({
        status: 413,
        code: "BATCH_TOO_LARGE",
        detail: `The batch has ${size} jobs: it must have at most 1000. PLAYGROUND_MAX_BATCH_JOBS sets the limit.`,
      });
    },
  );

  test("that does not exist is refused with BATCH_NOT_FOUND", async () => {
    for (const response of [
      await get("batch_none"),
      await api.call("PUT", "/v1/batches/batch_none/webhook", HOOK),
    ]) {
      expect(problemOf(response)).toMatchObject({ status: 404, code: "BATCH_NOT_FOUND" });
    }
  });
});

describe("a webhook set on a batch later", () => {
  const put = (batchId: string, body: object): Promise<Answered> =>
    api.call("PUT", `/v1/batches/${batchId}/webhook`, body);

  test("gets the callback when the batch ends", async () => {
    const { body } = await submit({ jobs: [job(1)] });
    const given = await put(body.batchId, HOOK);
    expect(given.status).toBe(200);
    expect(Batch.parse(given.body).webhook).toMatchObject({ url: HOOK.url });
    expect(callbacks()).toEqual([]);
    echo(await api.pool.step(1));
    await until("the callback", () => callbacks().length === 1);
  });

  test("gets the callback immediately when the batch has already ended", async () => {
    run = echo;
    const { body } = await submit({ jobs: [job(1)] }, { prefer: "wait=30" });
    await put(body.batchId, HOOK);
    await until("the callback", () => callbacks().length === 1);
    expect(callbacks()[0]?.event).toMatchObject({ batchId: body.batchId, status: "completed" });
  });

  test("can be set again with the same values, but not replaced", async () => {
    const { body } = await submit({ jobs: [job(1)] });
    const { body: given } = await put(body.batchId, HOOK);
    const same = await put(body.batchId, HOOK);
    expect([same.status, same.body.webhook]).toEqual([200, given.webhook]);
    for (const other of [OTHER_HOOK, { ...HOOK, headers: {} }, { ...HOOK, retries: 1 }]) {
      const refused = await put(body.batchId, other);
      expect(problemOf(refused)).toMatchObject({ status: 409, code: "BATCH_HAS_WEBHOOK" });
    }
    const wrong = await put(body.batchId, { url: "http://0.0.0.0/" });
    expect(problemOf(wrong)).toMatchObject({ code: "WEBHOOK_URL_REFUSED" });
  });
});
