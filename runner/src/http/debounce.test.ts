import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import { submitJob } from "./contract/jobs.ts";

const MAX_ITEMS = 5;

let api: Api;
beforeEach(async () => {
  api = await createApi({
    threads: 2,
    limits: { first: { concurrency: 1 } },
    checkInput: (_, input) => {
      const { items = [] } = (input ?? {}) as { items?: unknown[] };
      return items.length > MAX_ITEMS ? [{ path: "/items", message: "has too many items" }] : [];
    },
  });
});
afterEach(() => api.close());

const WINDOW = { key: "customer-7", delayMs: 1_000, maxMs: 2_500 };
const COLLECT = { ...WINDOW, collect: "/items" };

function submit(debounce: unknown, { headers = {}, ...more }: Record<string, unknown> = {}) {
  const body = { plugins: ["first"], debounce, ...more };
  return api.call("POST", "/v1/jobs", body, headers as Record<string, string>);
}

async function submitAfter(ms: number, debounce: unknown, more: Record<string, unknown> = {}) {
  await api.world.runUntil(api.world.clock.now() + ms);
  return submit(debounce, more);
}

const job = async (id: string) => (await api.call("GET", `/v1/jobs/${id}`)).body;
const items = (...numbers: number[]) => ({ input: { items: numbers } });
const begun = () => api.pool.begun.length;

describe("debounce", () => {
  test("makes one job of the requests of a window, which says what the newest one does", async () => {
    const from = api.world.clock.now();
    const first = await submit(WINDOW, {
      name: "a",
      tags: ["x"],
      priority: 3,
      input: { n: 1 },
      metadata: { m: 1 },
      webhook: { url: "http://one.test/", headers: { a: "b" } },
    });
    expect(first).toMatchObject({ status: 202, body: { status: "queued", name: "a" } });
    expect(first.body).not.toHaveProperty("debounced");
    const { jobId } = first.body;
    expect(await job(jobId)).toMatchObject({
      runAt: new Date(from + 1_000).toISOString(),
      dedupe: null,
      debounce: {
        key: "customer-7",
        mode: "last",
        collect: null,
        merged: 0,
        until: new Date(from + 2_500).toISOString(),
      },
    });
    const second = await submitAfter(600, WINDOW, {
      name: "b",
      tags: ["y", "z"],
      input: { n: 2 },
      plugins: [{ name: "first", options: { o: 2 } }],
      webhook: { url: "http://two.test/" },
    });
    expect(second).toMatchObject({ status: 202, body: { jobId, name: "b", debounced: true } });
    expect(second.headers["location"]).toBe(`/v1/jobs/${jobId}`);
    expect(submitJob.responses[202].schema.parse(second.body)).toEqual(second.body);
    expect(await job(jobId)).toMatchObject({
      name: "b",
      tags: ["y", "z"],
      priority: 0,
      input: { n: 2 },
      metadata: {},
      createdAt: new Date(from).toISOString(),
      runAt: new Date(from + 1_600).toISOString(),
      debounce: { merged: 1 },
      steps: [{ options: { o: 2 } }],
      webhook: { url: "http://two.test/" },
    });
    await api.world.runUntil(from + 1_599);
    expect(begun()).toBe(0);
    await api.world.runUntil(from + 1_600);
    expect(begun()).toBe(1);
    api.pool.begun[0]?.complete();
    await api.world.settle();
    expect(await api.world.kinds(jobId)).toEqual(["started", "progress", "completed"]);
    expect(api.sender.sent.map(({ outgoing }) => outgoing.url)).toEqual(
      Array(3).fill("http://two.test/"),
    );
    expect((await api.call("GET", "/v1/jobs")).body.items).toHaveLength(1);
  });

  test("stays what the first request says with `first`", async () => {
    const window = { ...WINDOW, mode: "first" };
    const webhook = { url: "http://one.test/" };
    const first = await submit(window, { name: "a", tags: ["x"], input: { n: 1 }, webhook });
    const before = await job(first.body.jobId);
    await submitAfter(500, window, {
      name: "b",
      input: { n: 2 },
      webhook: { url: "http://two.test/" },
    });
    const after = await job(first.body.jobId);
    expect(after).toEqual({
      ...before,
      runAt: new Date(Date.parse(before.runAt) + 500).toISOString(),
      debounce: { ...before.debounce, merged: 1 },
    });
  });

  test("lets no request delay the job beyond the window of the first", async () => {
    const from = api.world.clock.now();
    const { body } = await submit(WINDOW);
    for (let n = 0; n < 4; n += 1) {
      const merged = await submitAfter(600, { ...WINDOW, maxMs: 900_000 });
      expect(merged.body).toMatchObject({ jobId: body.jobId, debounced: true });
    }
    expect(await job(body.jobId)).toMatchObject({
      runAt: new Date(from + 2_500).toISOString(),
      debounce: { merged: 4 },
    });
    await api.world.runUntil(from + 2_500);
    expect(begun()).toBe(1);
  });

  test("never touches a job that has begun: the next request opens a window", async () => {
    const first = await submit(WINDOW, { input: { n: 1 } });
    const second = await submitAfter(1_000, WINDOW, { input: { n: 2 } });
    expect(begun()).toBe(1);
    expect(second.status).toBe(202);
    expect(second.body).not.toHaveProperty("debounced");
    expect(second.body.jobId).not.toBe(first.body.jobId);
    expect(await job(first.body.jobId)).toMatchObject({ input: { n: 1 }, debounce: { merged: 0 } });
    const third = await submitAfter(10, WINDOW, { input: { n: 3 } });
    expect(third.body).toMatchObject({ jobId: second.body.jobId, debounced: true });
  });

  test("still merges into a job that is due and waits for a slot", async () => {
    await submit(undefined);
    await api.world.settle();
    const { body } = await submit(WINDOW, { input: { n: 1 } });
    const merged = await submitAfter(5_000, WINDOW, { input: { n: 2 } });
    expect(merged.body.jobId).toBe(body.jobId);
    api.pool.begun[0]?.complete();
    await api.world.settle();
    expect(begun()).toBe(2);
    expect(api.pool.begun[1]?.task.input).toBe('{"n":2}');
  });

  test("collects the items of all requests, in their order, with numbers as they were sent", async () => {
    const { body } = await submit(COLLECT, { input: { items: [1], last: 1 } });
    await submit(COLLECT, { input: { items: [JSON.rawJSON("8202522731445525542")], last: 2 } });
    await submit(COLLECT, { input: { items: [], last: 3 } });
    await submit(COLLECT, { input: { items: [4, 5], last: 4 } });
    const text = (await api.call("GET", `/v1/jobs/${body.jobId}/input`)).text;
    expect(text).toBe('{"items":[1,8202522731445525542,4,5],"last":4}');
    const first = { ...COLLECT, mode: "first" };
    const other = await submit(first, { input: { items: [1], last: 1 } });
    expect(other.body.jobId).not.toBe(body.jobId);
    await submit(first, { input: { items: [2], last: 2 } });
    expect((await job(other.body.jobId)).input).toEqual({ items: [1, 2], last: 1 });
  });

  test("opens a new window when the collected input would be refused, and loses no item", async () => {
    const { body } = await submit(COLLECT, items(1, 2, 3));
    const next = await submit(COLLECT, items(4, 5, 6));
    expect(next.body).not.toHaveProperty("debounced");
    const third = await submit(COLLECT, items(7));
    expect(third.body).toMatchObject({ jobId: next.body.jobId, debounced: true });
    expect((await job(body.jobId)).input).toEqual({ items: [1, 2, 3] });
    expect((await job(next.body.jobId)).input).toEqual({ items: [4, 5, 6, 7] });
    const large = { input: { items: ["x".repeat(600_000)] } };
    const fourth = await submit({ ...COLLECT, key: "large" }, large);
    const fifth = await submit({ ...COLLECT, key: "large" }, large);
    expect(fifth.body).toMatchObject({ status: "queued" });
    expect(fifth.body.jobId).not.toBe(fourth.body.jobId);
  });

  test("merges a request with an Idempotency-Key once", async () => {
    const { body } = await submit(COLLECT, items(1));
    const headers = { "idempotency-key": "order-1" };
    const merged = await submit(COLLECT, { ...items(2), headers });
    expect(merged.body).toMatchObject({ jobId: body.jobId, debounced: true });
    const again = await submit(COLLECT, { ...items(2), headers });
    expect(again).toMatchObject({ status: 202, body: { jobId: body.jobId, debounced: true } });
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect(await job(body.jobId)).toMatchObject({
      input: { items: [1, 2] },
      debounce: { merged: 1 },
    });
    const other = await submit(COLLECT, { ...items(3), headers });
    expect(problemOf(other)).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
    await api.world.runUntil(api.world.clock.now() + 5_000);
    expect((await submit(COLLECT, { ...items(2), headers })).body.jobId).toBe(body.jobId);
  });

  test("merges every request of many that arrive at the same time", async () => {
    const window = { ...COLLECT, key: "many" };
    const answers = await Promise.all(
      Array.from({ length: MAX_ITEMS }, (_, number) => submit(window, items(number))),
    );
    const ids = new Set(answers.map(({ body }) => body.jobId as string));
    expect(ids.size).toBe(1);
    expect(answers.filter(({ body }) => body.debounced)).toHaveLength(MAX_ITEMS - 1);
    const whole = await job([...ids][0] ?? "");
    expect(whole.input.items.toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(whole.debounce.merged).toBe(MAX_ITEMS - 1);
  });

  test("leaves a job that was cancelled alone", async () => {
    const { body } = await submit(WINDOW);
    expect((await api.call("POST", `/v1/jobs/${body.jobId}/cancel`)).status).toBe(202);
    const next = await submit(WINDOW);
    expect(next.body).not.toHaveProperty("debounced");
    expect(next.body.jobId).not.toBe(body.jobId);
  });

  test.each([
    [{ key: "k", delayMs: 5 }, "/debounce/maxMs is missing: it must be a number"],
    [{ ...WINDOW, maxMs: 999 }, "/debounce/maxMs is 999: it must be at least `delayMs`"],
    [{ ...WINDOW, delayMs: 0 }, "/debounce/delayMs is 0: it must be at least 1"],
    [{ ...WINDOW, mode: "all" }, '/debounce/mode is "all": it must be "last" or "first"'],
    [
      { ...WINDOW, collect: "items" },
      '/debounce/collect is "items": it must be a JSON Pointer to an array in the input, such as /items',
    ],
    [
      { ...WINDOW, collect: "/rows" },
      '/debounce/collect is "/rows": it must point to an array in the input',
    ],
  ])("refuses %j", async (debounce, detail) => {
    const problem = problemOf(await submit(debounce, items(1)));
    expect(problem).toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(problem.detail).toContain(detail);
  });

  test("is refused beside runAt and dedupe, and in a batch", async () => {
    const runAt = "2999-01-01T00:00:00Z";
    expect(problemOf(await submit(WINDOW, { runAt })).detail).toContain(
      `/runAt is "${runAt}": it must be left out beside \`debounce\``,
    );
    const dedupe = { key: "k", while: "active" };
    expect(problemOf(await submit(WINDOW, { dedupe })).detail).toContain(
      "/debounce is an object: it must be left out beside `dedupe`",
    );
    const jobs = [{ plugins: ["first"], debounce: WINDOW }];
    expect(problemOf(await api.call("POST", "/v1/batches", { jobs })).detail).toContain(
      "/jobs/0/debounce cannot be in a batch",
    );
  });
});
