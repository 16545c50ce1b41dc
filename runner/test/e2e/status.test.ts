/** What a real daemon says about itself. */
import { hostname } from "node:os";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { PluginStats, Stats } from "../../src/http/contract/stats.ts";
import { Status } from "../../src/http/contract/status.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const WAIT = { prefer: "wait=30" };

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({
    plugins: {
      echo: `(input) => input`,
      throw: `() => { throw new Error("This plugin never works"); }`,
      broken: `() => { return } }; import "./nowhere.ts"; ({ run() {`,
    },
  });
});
afterAll(() => daemon.close());

const status = async () => Status.parse(await daemon.get("/v1/status"));

test("the status has the daemon's state and what is wrong with a plugin", async () => {
  const { threads, memory, database, disk, plugins, problems, limits, ...rest } = await status();
  expect(threads.total).toBeGreaterThan(0);
  expect(memory.daemonBytes).toBeGreaterThan(10_000_000);
  expect(memory.executorLimitBytes).toBeGreaterThan(100_000_000);
  expect(database.bytes).toBeGreaterThan(10_000);
  expect(disk.freeBytes).toBeGreaterThan(0);
  expect(plugins.broken).toBe(1);
  expect(limits.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["queue", "webhooks", "deliveries", "requests", "waits"]),
  );
  expect(Date.parse(rest.now)).toBeGreaterThanOrEqual(Date.parse(rest.startedAt));
  expect(rest.daemons).toEqual([
    {
      isThis: true,
      isUp: true,
      host: hostname(),
      processId: daemon.process.pid,
      version: rest.version,
      startedAt: rest.startedAt,
      threads: threads.total,
      plugins: expect.arrayContaining(["echo", "throw"]),
    },
  ]);
  const problem = problems.find(({ kind }) => kind === "plugin-broken");
  expect(problem).toMatchObject({ severity: "error", target: { plugin: "broken" } });
  expect(problem?.message).toMatch(/^Plugin "broken" cannot be loaded: .*broken\.ts:\d+/);
});

test("jobs, their plugins and their deliveries are in the stats immediately", async () => {
  const receiver = await createReceiver();
  onTestFinished(() => receiver.close());
  const before = Stats.parse(await daemon.get("/v1/stats?minutes=5"));
  expect(before.points).toHaveLength(5);
  const webhook = { url: receiver.url, on: ["completed"] };
  await daemon.post("/v1/jobs", { plugins: ["echo"], input: {}, webhook }, WAIT);
  await daemon.post("/v1/jobs", { plugins: ["throw"] }, WAIT);
  await receiver.untilReceived(1);
  const total = await until("the delivery to be counted", async () => {
    const { points } = Stats.parse(await daemon.get("/v1/stats?minutes=5"));
    const sum = (name: "submitted" | "completed" | "failed" | "delivered") =>
      points.reduce((all, point) => all + point[name], 0);
    return sum("delivered") === 1 ? [sum("submitted"), sum("completed"), sum("failed")] : null;
  });
  expect(total).toEqual([2, 1, 1]);
  expect((await status()).last24h).toMatchObject({ completed: 1, failed: 1, delivered: 1 });
  const { plugins } = PluginStats.parse(await daemon.get("/v1/plugin-stats"));
  expect(plugins.map(({ name, runs, failed }) => [name, runs, failed])).toEqual([
    ["echo", 1, 0],
    ["throw", 1, 1],
  ]);
});

test("a destination that fails is a problem, with its waiting events and its next attempt", async () => {
  const receiver = await createReceiver((_, response) => response.writeHead(503).end());
  onTestFinished(() => receiver.close());
  const webhook = { url: receiver.url };
  for (let job = 0; job < 5; job += 1) {
    await daemon.post("/v1/jobs", { plugins: ["echo"], input: {}, webhook }, WAIT);
  }
  const problem = await until("the circuit to open", async () => {
    const { problems } = await status();
    return problems.find(({ kind }) => kind === "destination-failing") ?? null;
  });
  const origin = new URL(receiver.url).origin;
  expect(problem.message).toMatch(
    new RegExp(`^${origin} answers with status 503\\. \\d+ events wait\\.$`),
  );
  expect(problem.count).toBeGreaterThan(0);
  expect(Date.parse(problem.until ?? "")).toBeGreaterThan(Date.parse(problem.since ?? ""));
});

test("more minutes or hours than are kept are refused", async () => {
  for (const path of [
    "/v1/stats?minutes=1441",
    "/v1/stats?minutes=0",
    "/v1/plugin-stats?hours=169",
  ]) {
    expect((await daemon.request(path)).status).toBe(400);
  }
});
