/** Plugins whose native code works on after their end, or takes memory that belongs to no thread. */
import { expect, onTestFinished, test } from "vitest";
import { runBystander } from "../support/bystander.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { childrenOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** Works for minutes in a thread of libuv, which nothing can stop. */
const HASHES = `() => new Promise((resolve) => {
  process.getBuiltinModule("crypto").pbkdf2("password", "salt", 2e9, 64, "sha512", resolve);
})`;

/** SQLite's memory is not V8's: it is neither on the heap nor in a buffer. */
const FILLS = `async () => {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE blobs (bytes)");
  for (let n = 0; n < 200; n += 1) {
    db.exec("INSERT INTO blobs VALUES (randomblob(10000000))");
    await sleep(20);
  }
}`;

async function open(plugins: Record<string, string>, env: Record<string, string>): Promise<Daemon> {
  const daemon = await startDaemon({
    env: { PLAYGROUND_GRACE_MS: "100", PLAYGROUND_THREADS: "2", ...env },
    plugins: {
      process: "() => process.pid",
      slow: `async () => { await sleep(3_000); return process.pid; }`,
      ...plugins,
    },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
async function run(daemon: Daemon, plugin: string, timeoutMs?: number): Promise<any> {
  return daemon.post("/v1/jobs", { plugins: [plugin], timeoutMs }, { prefer: "wait=60" });
}

test("native work ends with its step's timeout: its process ends after the other steps there, and new steps have another one", async () => {
  const daemon = await open({ hashes: HASHES }, {});
  const executor = (await run(daemon, "process")).steps[0].output;
  const [hashed, other, later] = await Promise.all([
    run(daemon, "hashes", 200),
    runBystander(daemon, "slow"),
    until("the executor to be replaced", () => daemon.output().includes("executor.drained")).then(
      () => run(daemon, "process"),
    ),
  ]);
  expect(hashed.errorCode).toBe("JOB_TIMEOUT");
  expect(other).toMatchObject({ status: "completed", steps: [{ output: executor }] });
  expect(later.steps[0].output).not.toBe(executor);
  expect(await childrenOf(daemon.process.pid)).not.toContain(executor);
  expect(daemon.output()).toMatch(/"reason":"native-work".*"executor.drained"/);
  expect(daemon.output()).not.toContain("step-interrupted");
});

test("a step has its thread until its native work has ended", async () => {
  const daemon = await open({ hashes: HASHES }, { PLAYGROUND_THREADS: "1" });
  const executor = (await run(daemon, "process")).steps[0].output;
  const [, next] = await Promise.all([run(daemon, "hashes", 200), run(daemon, "process")]);
  expect(next.steps[0].output).not.toBe(executor);
  expect(await childrenOf(daemon.process.pid)).toEqual([next.steps[0].output]);
});

test("a cancelled step's native work ends too", async () => {
  const daemon = await open({ hashes: HASHES }, {});
  const executor = (await run(daemon, "process")).steps[0].output;
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["hashes"] });
  await until("the step to run", async () => {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    return job.status === "running";
  });
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
  await until(
    "its process to end",
    async () => !(await childrenOf(daemon.process.pid)).includes(executor),
  );
});

test("native memory over the limit ends its process, and fails only the job that took it, with OUT_OF_MEMORY", async () => {
  const daemon = await open({ fills: FILLS }, { PLAYGROUND_EXECUTOR_MEMORY_MB: "400" });
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["fills"] });
  const others: string[] = [];
  const job = await until(
    "the job to end",
    async () => {
      const other = await runBystander(daemon, "slow");
      others.push(other.status);
      const now = await daemon.get(`/v1/jobs/${jobId}`);
      return now.endedAt === null ? null : now;
    },
    { timeoutMs: 60_000 },
  );
  expect(job.errorCode).toBe("OUT_OF_MEMORY");
  expect(job.error).toContain("PLAYGROUND_EXECUTOR_MEMORY_MB");
  expect(new Set(others)).toEqual(new Set(["completed"]));
  expect(daemon.output()).toMatch(/"reason":"memory".*"executor.drained"/);
});

test("a thread whose heap takes most of the executor's memory fails its step, and no process ends", async () => {
  const daemon = await open(
    {
      heap: "async () => { const all = []; for (;;) { all.push(Array(1e5).fill(all.length + 0.5)); await sleep(1); } }",
    },
    { PLAYGROUND_EXECUTOR_MEMORY_MB: "400", PLAYGROUND_THREAD_MEMORY_MB: "4096" },
  );
  const executor = (await run(daemon, "process")).steps[0].output;
  const [filled, other] = await Promise.all([run(daemon, "heap"), runBystander(daemon, "slow")]);
  expect(filled).toMatchObject({ errorCode: "OUT_OF_MEMORY" });
  expect(other).toMatchObject({ status: "completed", steps: [{ output: executor }] });
});

test("each step that takes most of the executor's memory fails by itself: an earlier one does not make the executor end", async () => {
  const daemon = await open(
    {
      heap: "async () => { const all = []; for (;;) { all.push(Array(1e5).fill(all.length + 0.5)); await sleep(1); } }",
    },
    { PLAYGROUND_EXECUTOR_MEMORY_MB: "400", PLAYGROUND_THREAD_MEMORY_MB: "4096" },
  );
  const executor = (await run(daemon, "process")).steps[0].output;
  for (const _ of [1, 2]) {
    expect(await run(daemon, "heap")).toMatchObject({ errorCode: "OUT_OF_MEMORY" });
  }
  expect((await run(daemon, "process")).steps[0].output).toBe(executor);
});
