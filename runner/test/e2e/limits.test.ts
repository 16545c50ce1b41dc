/** Limits of real plugins in a real daemon. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, type CliRun } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({
    plugins: {
      asks: {
        limits: `{ perKey: { key: "input.customer", concurrency: 1 } }`,
        run: `({ pauseMs }, { limit }) => {
          if (pauseMs) limit.pause(pauseMs);
          return "asked";
        }`,
      },
      floods: {
        limits: `{ concurrency: 1 }`,
        run: `(_, { limit }) => {
          for (let call = 1; call <= 300; call += 1) limit.pause(call * 60_000);
        }`,
      },
      steady: {
        limits: `{ rate: "5/s" }`,
        run: `(_, { log }) => { log.info("begun"); return Date.now(); }`,
      },
      gated: {
        limits: `{ concurrency: 10, perKey: { key: "input.customer", concurrency: 1 } }`,
        run: `(input) => input`,
      },
    },
  });
});
afterAll(() => daemon.close());

const WAIT = { prefer: "wait=30" };

test("a plugin that is told to wait pauses the jobs of its key, until the limit is resumed", async () => {
  const ask = (input: object, headers = {}) =>
    daemon.post("/v1/jobs", { plugins: ["asks"], input }, headers);
  const refused = await ask({ customer: "a", pauseMs: 3_600_000 }, WAIT);
  expect(refused).toMatchObject({ status: "completed", output: "asked" });
  const { jobId } = await ask({ customer: "a" });
  expect(await ask({ customer: "b" }, WAIT)).toMatchObject({ status: "completed" });
  const waiting = await until("the job to wait", async () => {
    const { waitingFor } = await daemon.get(`/v1/jobs/${jobId}`);
    return waitingFor;
  });
  expect(waiting).toMatchObject({ kind: "limit", on: "asks" });
  expect(waiting.detail).toMatch(
    /^Limit "asks" is paused for the steps of jobs with the key "a" until 2/,
  );
  expect((await daemon.get("/v1/limits/asks")).pausedKeys).toMatchObject([
    { key: "a", by: "asks" },
  ]);
  await daemon.post("/v1/limits/asks/resume", { key: "a" });
  await until("the end of the job", async () => {
    const { status } = await daemon.get(`/v1/jobs/${jobId}`);
    return status === "completed" || null;
  });
});

test("a plugin that pauses its limit all the time is stopped from it, and its job's log says so", async () => {
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["floods"] }, WAIT);
  const { items } = await daemon.get(`/v1/jobs/${jobId}/logs`);
  expect(items).toMatchObject([
    { level: "warn", message: expect.stringContaining("a step's first 100 pauses count") },
  ]);
  const { since, until: end } = (await daemon.get("/v1/limits/floods")).paused;
  expect(Math.round((Date.parse(end) - Date.parse(since)) / 60_000)).toBe(100);
  await daemon.post("/v1/limits/floods/resume", {});
});

test("jobs begin at the rate of their limit, without a wait for the next look", async () => {
  const job = { plugins: ["steady"] };
  const submittedAt = Date.now();
  const batch = await daemon.post(
    "/v1/batches",
    { jobs: Array.from({ length: 6 }, () => job) },
    WAIT,
  );
  const begun: number[] = [];
  for (const { jobId } of batch.jobs) {
    begun.push((await daemon.get(`/v1/jobs/${jobId}`)).output as number);
  }
  begun.sort((a, b) => a - b);
  const lasted = begun.at(-1)! - begun[0]!;
  // Slots are 200 ms apart. From the submission, because the first step too can begin late.
  expect(begun.at(-1)! - submittedAt).toBeGreaterThan(900);
  // A look every 5 s, which a loop makes by itself, would take 25 s.
  expect(lasted).toBeLessThan(5_000);
});

describe("the command line", () => {
  const cli = (...args: string[]): Promise<CliRun> =>
    runCli(["limits", ...args], {
      env: { PLAYGROUND_URL: daemon.url, PLAYGROUND_TOKEN: daemon.token },
    });

  test("lists limits, sets numbers, shows them beside those declared, and resets them", async () => {
    const listed = await cli();
    expect(listed.code).toBe(0);
    expect(listed.stdout).toMatch(/^LIMIT +RUNNING +RATE +PER KEY +QUEUED +PLUGINS$/m);
    expect(listed.stdout).toMatch(/^gated +0 of 10 +1 at a time +0 +gated$/m);
    expect(listed.stdout).toMatch(/^steady +0 +5\/s +0 +steady$/m);
    const flags = ["--concurrency", "3", "--rate", "100/m", "--burst", "5", "--key-rate", "1/s"];
    expect(await cli("set", "gated", ...flags)).toMatchObject({
      code: 0,
      stdout: "Set gated: 3 at a time, 100/m, burst 5; per key 1 at a time, 1/s.\n",
    });
    const shown = await cli("show", "gated");
    expect(shown.stdout).toMatch(/^Running +0 of 3$/m);
    expect(shown.stdout).toMatch(/^Declared +10 at a time; per key 1 at a time$/m);
    const again = await cli("set", "gated", "--key-concurrency", "2", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({
      numbers: { concurrency: 10, rate: null },
      override: { perKey: { concurrency: 2 } },
    });
    await cli("set", "gated", "--max-queued", "7");
    expect((await cli("show", "gated")).stdout).toMatch(/^Queued +0 of 7$/m);
    expect(await cli("reset", "gated")).toMatchObject({
      code: 0,
      stdout: "Reset gated: 10 at a time; per key 1 at a time.\n",
    });
    expect((await cli("show", "gated")).stdout).not.toMatch(/^Declared/m);
    const { limits } = JSON.parse((await cli("list", "--json")).stdout);
    expect(limits).toContainEqual(await daemon.get("/v1/limits/gated"));
  });

  test("pauses a limit and a key, shows both with the jobs that wait, and resumes them", async () => {
    expect(await cli("pause", "gated", "--key", "a", "--for", "10m")).toMatchObject({
      code: 0,
      stdout: "Paused a of gated.\n",
    });
    await daemon.post("/v1/jobs", { plugins: ["gated"], input: { customer: "a" } });
    const end = "2999-12-24T18:00:00Z";
    expect((await cli("pause", "gated", "--until", end)).stdout).toBe("Paused gated.\n");
    expect((await cli("list", "--utc")).stdout).toMatch(
      /^gated +0 of 10 +1 at a time +1 +2999-12-24T18:00:00.000Z +1 +gated$/m,
    );
    const shown = await cli("show", "gated");
    expect(shown.stdout).toMatch(/^Paused until +in \d+ d$/m);
    expect(shown.stdout).toMatch(/^a +1 +in \d+ min/m);
    expect((await cli("set", "gated", "--max-queued", "1")).code).toBe(0);
    const run = ["run", "gated", "--remote", "--input", "-", "--detach"];
    const env = { PLAYGROUND_URL: daemon.url, PLAYGROUND_TOKEN: daemon.token };
    const refused = await runCli(run, { env, stdin: "{}" });
    expect(refused).toMatchObject({ code: 4, stdout: "" });
    expect(refused.stderr).toContain('LIMIT_QUEUE_FULL: 1 job waits for limit "gated"');
    expect(await (await daemon.request("/metrics")).text()).toMatch(
      /^playground_refused_total\{limit="plugin-queue"\} 1$/m,
    );
    expect((await cli("reset", "gated")).code).toBe(0);
    expect((await cli("pause", "gated")).code).toBe(0);
    expect((await cli("show", "gated")).stdout).toMatch(/^Paused until +resumed$/m);
    expect((await cli("resume", "gated")).stdout).toBe("Resumed gated.\n");
    expect(await daemon.get("/v1/limits/gated")).toMatchObject({ paused: null, pausedKeys: [{}] });
    expect((await cli("resume", "gated", "--key", "a")).stdout).toBe("Resumed a of gated.\n");
    expect(await daemon.get("/v1/limits/gated")).toMatchObject({ pausedKeys: [] });
  });

  test("refuses what is wrong, with the exit code of who must act", async () => {
    const cases = [
      [["set", "gated"], 2, "Nothing is to be set"],
      [["set", "gated", "--concurrency", "0"], 2, "--concurrency"],
      [["set", "gated", "--rate", "fast"], 2, "/rate"],
      [["pause", "gated", "--for", "soon"], 2, '--for is "soon"'],
      [["pause", "gated", "--for", "1m", "--until", "2999-01-01T00:00:00Z"], 2, "--until"],
      [["pause", "gated", "--until", "tomorrow"], 2, "/until"],
      [["show", "nope"], 4, 'There is no limit "nope".'],
      [["reset", "nope"], 4, "LIMIT_NOT_FOUND"],
    ] as const;
    const runs = await Promise.all(cases.map(([args]) => cli(...args)));
    for (const [at, [args, code, text]] of cases.entries()) {
      expect({ args, ...runs[at] }).toMatchObject({ args, code, stdout: "" });
      expect(runs[at]?.stderr).toContain(text);
    }
  });
});
