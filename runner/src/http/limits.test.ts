import { afterEach, expect, test } from "vitest";
import { createApi, problemOf, type Api } from "../../test/support/api.ts";
import type { LimitsRequest } from "../domain/plugin-limits.ts";
import { SCOPE_NAMES } from "../domain/scope.ts";

let api: Api;
afterEach(() => api.close());

const KEYED: LimitsRequest = { concurrency: 1, perKey: { key: "input.domain", rate: "1/s" } };

async function startWith(limits: LimitsRequest, token?: Parameters<typeof createApi>[1]) {
  api = await createApi({ listed: ["first"], limits: { first: limits } }, token);
}

const DECLARED = {
  concurrency: 1,
  rate: null,
  burst: null,
  perKey: { concurrency: null, rate: "1/s", burst: 1 },
  maxQueued: null,
};

test("a limit is shown, overridden and reset, and says who did it", async () => {
  await startWith(KEYED, { name: "operator", scope: "admin" });
  const shown = await api.call("GET", "/v1/limits/first");
  expect(shown).toMatchObject({
    status: 200,
    body: {
      name: "first",
      plugins: ["first"],
      numbers: DECLARED,
      declared: DECLARED,
      override: null,
      running: 0,
      queued: 0,
      paused: null,
      waitingKeys: [],
      pausedKeys: [],
    },
  });
  expect((await api.call("GET", "/v1/limits")).body).toEqual({ limits: [shown.body] });
  const override = { concurrency: 5, perKey: { rate: "100/m", burst: 4 } };
  const changed = await api.call("PUT", "/v1/limits/first", override);
  expect(changed.body).toMatchObject({
    numbers: { concurrency: 5, perKey: { concurrency: null, rate: "100/m", burst: 4 } },
    declared: DECLARED,
    override,
    overriddenBy: "operator",
    overriddenAt: expect.any(String),
  });
  expect((await api.call("DELETE", "/v1/limits/first")).body).toEqual(shown.body);
});

test("a limit and its keys are paused and resumed", async () => {
  await startWith(KEYED);
  const now = api.world.clock.now();
  const until = new Date(now + 60_000).toISOString();
  const paused = await api.call("POST", "/v1/limits/first/pause", { forMs: 60_000 });
  expect(paused.body.paused).toMatchObject({ since: new Date(now).toISOString(), until });
  const key = await api.call("POST", "/v1/limits/first/pause", { key: "a", until });
  expect(key.body.pausedKeys).toMatchObject([{ key: "a", until }]);
  const all = await api.call("POST", "/v1/limits/first/resume", {});
  expect(all.body).toMatchObject({ paused: null, pausedKeys: [{ key: "a" }] });
  const resumed = await api.call("POST", "/v1/limits/first/resume", { key: "a" });
  expect(resumed.body.pausedKeys).toEqual([]);
  expect((await api.call("POST", "/v1/limits/first/pause", {})).body.paused.until).toBeNull();
});

test.each([
  ["PUT", "", { rate: "10 a second" }, /such as .{0,2}10\/s/],
  ["PUT", "", { concurrency: 0 }, /concurrency is 0: it must be at least 1/],
  ["PUT", "", { maxQueued: 10_001 }, /maxQueued is 10001: .*10000/],
  ["PUT", "", { burst: 3 }, /"path":"\/burst","message":"is 3: it must be beside a rate/],
  [
    "PUT",
    "",
    { perKey: { concurrency: 1 } },
    /"\/perKey is {\\"concurrency\\":1}: leave it out, because no plugin of the limit declares one\."/,
  ],
  [
    "POST",
    "/pause",
    { key: "a" },
    /"\/key is \\"a\\": leave it out, because limit \\"first\\" has no perKey\."/,
  ],
  ["POST", "/pause", { forMs: 5, until: "2030-01-01T00:00:00Z" }, /both until and forMs/],
] as const)("%s %s with %j is refused with what is right", async (method, path, body, fault) => {
  await startWith({ concurrency: 1 });
  const answer = await api.call(method, `/v1/limits/first${path}`, body);
  expect(problemOf(answer)).toMatchObject({ status: 400, code: "BODY_INVALID" });
  expect(answer.text).toMatch(fault);
});

test("a job is refused while as many wait for its limit as may", async () => {
  await startWith({ concurrency: 1, maxQueued: 1 });
  await api.call("POST", "/v1/limits/first/pause", {});
  const job = { plugins: ["first"] };
  expect((await api.call("POST", "/v1/jobs", job)).status).toBe(202);
  for (const [path, body] of [
    ["/v1/jobs", job],
    ["/v1/batches", { jobs: [{ plugins: ["second"] }, job] }],
  ] as const) {
    const refused = await api.call("POST", path, body);
    expect(problemOf(refused)).toMatchObject({
      status: 429,
      code: "LIMIT_QUEUE_FULL",
      detail:
        '1 job waits for limit "first", whose maxQueued is 1. Try again later, or raise it with PUT /v1/limits/first.',
    });
    expect(refused.headers["retry-after"]).toBe("5");
  }
  const raised = await api.call("PUT", "/v1/limits/first", { maxQueued: 2 });
  expect(raised.body).toMatchObject({ numbers: { maxQueued: 2 }, declared: { maxQueued: 1 } });
  expect((await api.call("POST", "/v1/jobs", job)).status).toBe(202);
});

const CHANGES = [
  ["PUT", "/v1/limits/other", {}],
  ["DELETE", "/v1/limits/other", undefined],
  ["POST", "/v1/limits/other/pause", {}],
  ["POST", "/v1/limits/other/resume", {}],
] as const;

test("a limit that does not exist is not found", async () => {
  await startWith({ concurrency: 1 });
  for (const [method, path, body] of [
    ["GET", "/v1/limits/other", undefined] as const,
    ...CHANGES,
  ]) {
    const problem = problemOf(await api.call(method, path, body));
    expect(problem).toMatchObject({ status: 404, code: "LIMIT_NOT_FOUND" });
  }
});

test.each(SCOPE_NAMES.filter((scope) => scope !== "admin"))(
  "a token with the scope %s changes no limit",
  async (scope) => {
    await startWith({ concurrency: 1 }, { name: "limited", scope });
    for (const [method, path, body] of CHANGES) {
      const problem = problemOf(await api.call(method, path, body));
      expect(problem).toMatchObject({ status: 403, code: "INSUFFICIENT_SCOPE" });
    }
  },
);
