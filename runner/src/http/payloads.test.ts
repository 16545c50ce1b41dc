import { afterEach, beforeEach, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { answered } from "../../test/support/scripted-sender.ts";
import { getBatch, setBatchWebhook } from "./contract/batches.ts";
import { getDelivery } from "./contract/deliveries.ts";
import { listEvents } from "./contract/events.ts";
import { getJob, listJobs } from "./contract/jobs.ts";

const RETENTION_MS = 1_000;
const MINUTE_MS = 60_000;
const WEBHOOK = { url: "http://endpoint.test/hook", retries: 1 };

let api: Api;
beforeEach(async () => {
  api = await createApi({
    run: (step) => (step.task.plugin === "second" ? step.fail("PLUGIN_THREW") : step.complete()),
    answer: () => answered(200),
    payloadRetentionMs: RETENTION_MS,
  });
});
afterEach(() => api.close());

/** Submits a job, or a batch, and lets it grow so old that its payloads are removed. */
async function submitAndAge(path: string, body: object) {
  const { body: accepted } = await api.call("POST", path, body);
  await api.world.settle();
  await api.world.runUntil(api.world.clock.now() + 2 * MINUTE_MS);
  return accepted;
}

async function submitJob(plugin: string): Promise<string> {
  const plugins = [{ name: plugin, options: { a: 1 } }];
  const job = { plugins, input: { text: "secret" }, tags: ["nightly"], webhook: WEBHOOK };
  return (await submitAndAge("/v1/jobs", job)).jobId as string;
}

const REMOVED = { status: 409, code: "PAYLOADS_REMOVED" };

test("a job says when its payloads were removed, and is still found", async () => {
  const jobId = await submitJob("first");
  const { body: job } = await api.call("GET", `/v1/jobs/${jobId}?maxBytes=0`);
  expect(getJob.responses[200].schema.parse(job)).toEqual(job);
  expect(job).toMatchObject({
    status: "completed",
    input: null,
    inputTruncated: false,
    output: null,
    payloadsRemovedAt: expect.any(String),
    steps: [
      { plugin: "first", options: null, output: null, truncated: false, status: "completed" },
    ],
  });
  const { body: list } = await api.call("GET", "/v1/jobs?tag=nightly");
  expect(listJobs.responses[200].schema.parse(list)).toEqual(list);
  expect(list.items).toMatchObject([{ jobId, payloadsRemovedAt: job.payloadsRemovedAt }]);
  expect((await api.call("GET", `/v1/jobs/${jobId}/logs`)).body.items).toEqual([]);
});

test("a job's events say what happened when, without their payloads", async () => {
  const jobId = await submitJob("first");
  const { body } = await api.call("GET", `/v1/jobs/${jobId}/events`);
  expect(listEvents.responses[200].schema.parse(body)).toEqual(body);
  const left = { jobId, timestamp: expect.any(String), payloadRemoved: true };
  expect(body.items).toEqual([
    { status: "started", sequence: 1, ...left },
    { status: "progress", sequence: 2, ...left },
    { status: "completed", sequence: 3, ...left },
  ]);
});

test("its input and output can no longer be downloaded", async () => {
  const jobId = await submitJob("first");
  for (const path of ["input", "outputs/0"]) {
    expect(problemOf(await api.call("GET", `/v1/jobs/${jobId}/${path}`))).toMatchObject(REMOVED);
  }
  const none = await api.call("GET", "/v1/jobs/job_0/input");
  expect(problemOf(none)).toMatchObject({ status: 404, code: "JOB_NOT_FOUND" });
});

test("a failed job without payloads is not retried, and the answer says why and what to do", async () => {
  const jobId = await submitJob("second");
  const refused = problemOf(await api.call("POST", `/v1/jobs/${jobId}/retry`));
  expect(refused).toMatchObject(REMOVED);
  expect(refused.detail).toMatch(
    /removed on \d{4}-.*PLAYGROUND_RETENTION_PAYLOAD_DAYS.*Submit a new job/,
  );
  expect((await api.call("GET", `/v1/jobs/${jobId}`)).body.status).toBe("failed");
});

test("its delivered events are not sent again, one by one or in bulk", async () => {
  const jobId = await submitJob("second");
  const { body: deliveries } = await api.call("GET", `/v1/deliveries?jobId=${jobId}`);
  const [delivery] = deliveries.items;
  const path = `/v1/deliveries/${delivery.deliveryId}`;
  const { body: whole } = await api.call("GET", path);
  expect(getDelivery.responses[200].schema.parse(whole)).toEqual(whole);
  expect(whole).toMatchObject({
    state: "delivered",
    payloadsRemovedAt: expect.any(String),
    attempts: [{ status: 200 }],
  });
  expect(problemOf(await api.call("POST", `${path}/redeliver`))).toMatchObject(REMOVED);
  for (const act of ["redeliver", "retry"]) {
    const { body: bulk } = await api.call("POST", "/v1/bulk", { act, ids: [jobId] });
    await api.world.runUntil(api.world.clock.now() + MINUTE_MS);
    const { body: done } = await api.call("GET", `/v1/bulk/${bulk.id}`);
    expect(done).toMatchObject({ done: 0, skipped: 1, errors: [{ code: "PAYLOADS_REMOVED" }] });
  }
});

test("a batch says it too, and gets no webhook any more", async () => {
  const jobs = [{ plugins: ["first"], input: { text: "secret" } }];
  const { batchId } = await submitAndAge("/v1/batches", { jobs });
  const { body: batch } = await api.call("GET", `/v1/batches/${batchId}`);
  expect(getBatch.responses[200].schema.parse(batch)).toEqual(batch);
  const payloadsRemovedAt = expect.any(String);
  expect(batch).toMatchObject({ payloadsRemovedAt, jobs: [{ output: null, payloadsRemovedAt }] });
  const path = setBatchWebhook.path.replace(":id", batchId as string);
  const refused = await api.call("PUT", path, { url: WEBHOOK.url });
  expect(problemOf(refused)).toMatchObject(REMOVED);
});
