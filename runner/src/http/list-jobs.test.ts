import { afterEach, beforeEach, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { answered } from "../../test/support/scripted-sender.ts";
import { getJob, listJobs } from "./contract/jobs.ts";

const Page = listJobs.responses[200].schema;
const WEBHOOK = { url: "http://endpoint.test/hook", retries: 1 };

let api: Api;
let status: number;
beforeEach(async () => {
  status = 200;
  api = await createApi({
    run: (step) => (step.task.plugin === "second" ? step.fail("PLUGIN_THREW") : step.complete()),
    answer: () => answered(status),
  });
});
afterEach(() => api.close());

async function submit(job: object): Promise<string> {
  const { body } = await api.call("POST", "/v1/jobs", job);
  await api.world.settle();
  return body.jobId as string;
}

async function list(query: string) {
  const { body } = await api.call("GET", `/v1/jobs?${query}`);
  expect(Page.parse(body)).toEqual(body);
  return body.items as Record<string, unknown>[];
}

const idsOf = async (query: string) => (await list(query)).map(({ jobId }) => jobId);

test("a row shows the steps, the error with its group, and how far each kind of event is", async () => {
  const done = await submit({ plugins: ["first"], webhook: WEBHOOK });
  status = 503;
  const failed = await submit({ plugins: ["first", "second", "first"], webhook: WEBHOOK });
  const rows = await list("");
  expect(rows).toMatchObject([
    {
      jobId: failed,
      steps: [
        { plugin: "first", status: "completed" },
        { plugin: "second", status: "failed" },
        { plugin: "first", status: "pending" },
      ],
      progress: null,
      attempts: 1,
      waitingFor: null,
      errorCode: "PLUGIN_THREW",
      errorGroup: expect.stringMatching(/^err_\d+$/),
      deliveries: [
        { event: "started", state: "retrying" },
        { event: "progress", state: "pending" },
        { event: "failed", state: "pending" },
      ],
    },
    {
      jobId: done,
      steps: [{ plugin: "first", status: "completed" }],
      errorGroup: null,
      deliveries: [
        { event: "started", state: "delivered" },
        { event: "progress", state: "delivered" },
        { event: "completed", state: "delivered" },
      ],
    },
  ]);
  for (const row of rows) {
    expect(Object.keys(row)).not.toEqual(expect.arrayContaining(["input"]));
    expect(Object.keys(row)).not.toEqual(expect.arrayContaining(["output"]));
  }
});

test("jobs are listed by several statuses, a prefix of the name or id, and an error group", async () => {
  const a = await submit({ plugins: ["first"], name: "nightly-1" });
  const b = await submit({ plugins: ["second"], name: "nightly-2" });
  const c = await submit({ plugins: ["first"], name: "hourly", runAt: "2999-01-01T00:00:00Z" });
  expect(await idsOf("status=completed")).toEqual([a]);
  expect(await idsOf("status=completed&status=queued")).toEqual([c, a]);
  expect(await idsOf("status=failed&status=failed")).toEqual([b]);
  expect(await idsOf("namePrefix=nightly")).toEqual([b, a]);
  expect(await idsOf("namePrefix=nightly&status=failed")).toEqual([b]);
  expect(await idsOf("name=nightly")).toEqual([]);
  expect(await idsOf(`idPrefix=${c}`)).toEqual([c]);
  expect(await idsOf("idPrefix=job_")).toEqual([c, b, a]);
  const [{ errorGroup } = {}] = await list("status=failed");
  expect(await idsOf(`errorGroup=${String(errorGroup)}`)).toEqual([b]);
  expect(await idsOf("errorGroup=err_999")).toEqual([]);
  expect(await idsOf("errorGroup=none")).toEqual([]);
});

test("jobs are listed by their tags, which the job and its row show", async () => {
  const both = await submit({ plugins: ["first"], tags: ["nightly", "env=prod"] });
  const failed = await submit({ plugins: ["second"], tags: ["nightly"] });
  const none = await submit({ plugins: ["first"] });
  expect((await list("")).map(({ tags }) => tags)).toEqual([
    [],
    ["nightly"],
    ["env=prod", "nightly"],
  ]);
  expect(await idsOf("tag=nightly")).toEqual([failed, both]);
  expect(await idsOf("tag=nightly&tag=env=prod")).toEqual([both]);
  expect(await idsOf("tag=nightly&status=failed")).toEqual([failed]);
  expect(await idsOf("tag=Nightly")).toEqual([]);
  expect((await api.call("GET", `/v1/jobs/${none}`)).body.tags).toEqual([]);
  await api.call("POST", `/v1/jobs/${failed}/retry`);
  const { body } = await api.call("GET", `/v1/jobs/${failed}`);
  expect(getJob.responses[200].schema.parse(body)).toEqual(body);
  expect(body.tags).toEqual(["nightly"]);
});

test("the jobs of a batch and of a schedule have the tags of their requests", async () => {
  const job = { plugins: ["first"], tags: ["b", "a", "b"] };
  await api.call("POST", "/v1/batches", { jobs: [job, { plugins: ["first"] }] });
  expect((await list("tag=a")).map(({ tags }) => tags)).toEqual([["a", "b"]]);
  const schedule = await api.call("POST", "/v1/schedules", { key: "s", everyMs: 60_000, job });
  expect(schedule.body.job.tags).toEqual(["a", "b"]);
  const { body } = await api.call("POST", "/v1/schedules/s/run");
  expect((await idsOf("tag=a&tag=b"))[0]).toBe(body.jobId);
});

test.each([
  "status=done",
  "status=queued&status=done",
  "namePrefix=",
  "idPrefix=",
  "tag=",
  "tag=a&tag=b%20c",
  Array.from({ length: 11 }, (_, index) => `tag=${index}`).join("&"),
  "meta=7",
  "meta.=7",
  "meta.a..b=7",
  "meta.a%20b=7",
  "meta.a.b.c.d.e.f=7",
  "meta.a=7&meta.a=8",
  "meta.a=7&meta[a]=7&meta[b]=1&meta.c=1&meta.d=1&meta.e=1&meta.f=1",
  `meta.a=${"x".repeat(201)}`,
])("a list by %s is refused", async (query) => {
  const answer = await api.call("GET", `/v1/jobs?${query}`);
  expect(problemOf(answer)).toMatchObject({ status: 400, code: "BODY_INVALID" });
});

test("a path that cannot be one is named with what it must be", async () => {
  const { body } = await api.call("GET", "/v1/jobs?meta.a%20b=7");
  expect(body.issues).toEqual([
    {
      path: "/meta/a b",
      message:
        "has a wrong key: it must be 1 to 5 keys with dots between them, each 1 to 64 letters from A to Z, digits, _ and -",
    },
  ]);
});

test("jobs are listed by values in their metadata, in both ways to write a path", async () => {
  const submitWith = async (metadata: object): Promise<string> =>
    (await api.call("POST", "/v1/jobs", { plugins: ["first"], metadata })).body.jobId;
  const found = await submitWith({ customer: { id: 7 }, plan: "a & b" });
  await submitWith({ customer: { id: 7 } });
  expect(await idsOf("meta.customer.id=7&meta%5Bplan%5D=a%20%26%20b")).toEqual([found]);
  expect(await idsOf("meta.customer.id=8")).toEqual([]);
});
