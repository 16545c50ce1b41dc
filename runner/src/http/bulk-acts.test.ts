import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { until } from "../../test/support/until.ts";
import { listBatches } from "./contract/batches.ts";
import { getBulkAct, listBulkActs } from "./contract/bulk-acts.ts";
import { listErrorGroups } from "./contract/error-groups.ts";

let api: Api;
beforeEach(async () => {
  api = await createApi({
    run: (step) => (step.task.plugin === "second" ? step.fail("PLUGIN_THREW") : step.complete()),
  });
});
afterEach(() => api.close());

async function submit(plugin: string, more: object = {}): Promise<string> {
  const { body } = await api.call("POST", "/v1/jobs", { plugins: [plugin], ...more });
  await api.world.settle();
  return body.jobId as string;
}

describe("a bulk act", () => {
  test("is started with 202, shows its progress, and is listed", async () => {
    await submit("second");
    const started = await api.call("POST", "/v1/bulk", { act: "retry", filter: {} });
    expect(started).toMatchObject({ status: 202, body: { state: "running", act: "retry" } });
    expect(started.headers["location"]).toBe(`/v1/bulk/${started.body.id}`);
    const ended = await until("the bulk act has ended", async () => {
      const { body } = await api.call("GET", `/v1/bulk/${started.body.id}`);
      return body.state === "done" ? body : null;
    });
    expect(getBulkAct.responses[200].schema.parse(ended)).toEqual(ended);
    expect(ended).toMatchObject({ matched: 1, done: 1, skipped: 0, failed: 0, errors: [] });
    const { body } = await api.call("GET", "/v1/bulk");
    expect(listBulkActs.responses[200].schema.parse(body)).toEqual(body);
    expect(body.items).toEqual([ended]);
    const aborted = await api.call("POST", `/v1/bulk/${started.body.id}/abort`);
    expect(problemOf(aborted)).toMatchObject({ status: 409, code: "BULK_ACT_ENDED" });
  });

  test("acts on the jobs that have all of the tags", async () => {
    const later = { runAt: "2999-01-01T00:00:00Z" };
    const one = await submit("first", { ...later, tags: ["nightly"] });
    const both = await submit("first", { ...later, tags: ["nightly", "customer:7"] });
    const filter = { tag: ["nightly", "customer:7"] };
    const { body } = await api.call("POST", "/v1/bulk", { act: "cancel", filter });
    const ended = await until("the bulk act has ended", async () => {
      const answer = await api.call("GET", `/v1/bulk/${body.id}`);
      return answer.body.state === "done" ? answer.body : null;
    });
    expect(ended).toMatchObject({ matched: 1, done: 1 });
    const listed = await api.call("GET", "/v1/jobs?tag=nightly");
    expect(listed.body.items).toMatchObject([
      { jobId: both, status: "failed", errorCode: "CANCELLED" },
      { jobId: one, status: "queued" },
    ]);
  });

  test.each([
    [{ act: "retry" }, "/filter must be given, or ids, but not both; the body has neither"],
    [{ act: "retry", ids: ["a"], filter: {} }, "the body has both"],
    [{ act: "destroy", filter: {} }, "/act"],
    [{ act: "retry", ids: [] }, "/ids"],
    [{ act: "retry", filter: { state: "failed" } }, "/filter/state"],
    [
      { act: "retry", filter: { tag: 5 } },
      "/filter/tag is 5: it must be a tag, or an array of tags",
    ],
    [{ act: "retry", filter: { tag: ["a", "b c"] } }, '/filter/tag/1 is "b c"'],
  ])("is refused with %j", async (body, detail) => {
    const problem = problemOf(await api.call("POST", "/v1/bulk", body));
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.detail).toContain(detail);
  });

  test("is not found when its id is unknown", async () => {
    for (const answer of [
      await api.call("GET", "/v1/bulk/none"),
      await api.call("POST", "/v1/bulk/none/abort"),
    ]) {
      expect(problemOf(answer)).toMatchObject({ status: 404, code: "BULK_ACT_NOT_FOUND" });
    }
  });
});

test("deleting and redelivering many needs a token with the scope admin", async () => {
  await api.close();
  api = await createApi({}, { name: "runner", scope: "run" });
  for (const act of ["delete", "redeliver"]) {
    const answer = await api.call("POST", "/v1/bulk", { act, filter: {} });
    expect(problemOf(answer)).toMatchObject({ status: 403, code: "INSUFFICIENT_SCOPE" });
    expect(answer.headers["www-authenticate"]).toContain(`scope="admin"`);
  }
  const { status, body } = await api.call("POST", "/v1/bulk", { act: "cancel", filter: {} });
  expect([status, body.token]).toEqual([202, "runner"]);
});

test("a job that has ended is deleted with 204, and the log names the token", async () => {
  const jobId = await submit("first");
  expect((await api.call("DELETE", `/v1/jobs/${jobId}`)).status).toBe(204);
  const again = await api.call("DELETE", `/v1/jobs/${jobId}`);
  expect(problemOf(again)).toMatchObject({ status: 404, code: "JOB_NOT_FOUND" });
  expect(api.logged).toContainEqual({ message: "job.deleted", fields: { jobId, token: null } });
});

test("a job is not deleted while it is queued, undelivered or in a batch", async () => {
  const queued = await submit("first", { runAt: "2999-01-01T00:00:00Z" });
  const { body } = await api.call("POST", "/v1/webhooks", { url: "http://endpoint.test/paused" });
  await api.call("PATCH", `/v1/webhooks/${body.webhook?.id ?? body.id}`, { state: "paused" });
  const undelivered = await submit("first");
  const batch = await api.call("POST", "/v1/batches", { jobs: [{ plugins: ["first"] }] });
  await api.world.settle();
  const codes = [];
  for (const id of [queued, undelivered, batch.body.jobs[0].jobId]) {
    const problem = problemOf(await api.call("DELETE", `/v1/jobs/${id}`));
    expect(problem.status).toBe(409);
    codes.push(problem.code);
  }
  expect(codes).toEqual(["JOB_NOT_ENDED", "JOB_NOT_DELIVERED", "JOB_IN_BATCH"]);
});

test("error groups have the jobs that failed since an instant", async () => {
  const jobId = await submit("second");
  const { body } = await api.call("GET", "/v1/error-groups");
  expect(listErrorGroups.responses[200].schema.parse(body)).toEqual(body);
  expect(body.groups).toMatchObject([
    { plugin: "second", code: "PLUGIN_THREW", count: 1, more: false, lastJobId: jobId },
  ]);
  const at = body.groups[0].lastSeenAt as string;
  expect((await api.call("GET", `/v1/error-groups?since=${at}`)).body).toEqual({ groups: [] });
  const wrong = await api.call("GET", "/v1/error-groups?since=now");
  expect(problemOf(wrong)).toMatchObject({ status: 400, code: "BODY_INVALID" });
});

test("batches are listed newest first with the numbers of their jobs", async () => {
  const jobs = [{ plugins: ["first"] }, { plugins: ["second"] }];
  const ended = (await api.call("POST", "/v1/batches", { jobs })).body.batchId;
  await api.world.settle();
  const runAt = "2999-01-01T00:00:00Z";
  const later = [{ plugins: ["first"], runAt }];
  const open = (await api.call("POST", "/v1/batches", { jobs: later })).body.batchId;
  await api.world.settle();
  const first = (await api.call("GET", "/v1/batches?limit=1")).body;
  expect(listBatches.responses[200].schema.parse(first)).toEqual(first);
  expect(first.items).toMatchObject([
    { batchId: open, status: "running", counts: { total: 1, open: 1, completed: 0, failed: 0 } },
  ]);
  const second = (await api.call("GET", `/v1/batches?cursor=${first.nextCursor}`)).body;
  expect(second.items).toMatchObject([
    { batchId: ended, status: "failed", counts: { total: 2, open: 0, completed: 1, failed: 1 } },
  ]);
  expect(second.nextCursor).toBeNull();
});
