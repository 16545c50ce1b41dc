/** Executors that live but cannot be reached, and executors that the system does not start. */
import { expect, onTestFinished, test } from "vitest";
import type { JsonText } from "../../src/domain/json-text.ts";
import { spawnExecutor } from "../../src/executor/spawn-executor.ts";
import { createSupervisor } from "../../src/executor/supervisor.ts";
import { systemClock } from "../../src/system/clock.ts";
import { runBystander } from "../support/bystander.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";

const PROCESS = "() => process.pid";

async function open(plugins: Record<string, string>): Promise<Daemon> {
  const daemon = await startDaemon({
    env: { PLAYGROUND_THREADS: "1" },
    plugins: { process: PROCESS, ...plugins },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
async function run(daemon: Daemon, plugin: string): Promise<any> {
  return daemon.post("/v1/jobs", { plugins: [plugin] }, { prefer: "wait=60" });
}

/** File descriptor 3 is the executor's end of its channel to the daemon. */
test("a plugin that closes its executor's channel fails its own job, and the daemon runs other jobs", async () => {
  const daemon = await open({ closes: `() => process.getBuiltinModule("fs").closeSync(3)` });
  expect((await run(daemon, "closes")).errorCode).toBe("STEP_INTERRUPTED");
  await runBystander(daemon, "process");
});

test(
  "an executor that sends nothing for 30 s is killed, and its steps run again",
  { timeout: 90_000 },
  async () => {
    const daemon = await open({});
    const { output: stopped } = (await run(daemon, "process")).steps[0];
    process.kill(stopped, "SIGSTOP");
    const again = await runBystander(daemon, "process");
    expect(again.steps[0].output).not.toBe(stopped);
    expect(daemon.output()).toMatch(/sent nothing for 30 s.*"executor.ended"/);
  },
);

test("a process that the system refuses to start reports why, whether Node emits the error or throws it", async () => {
  // One variable can have 128 KiB on Linux. Node throws E2BIG, as it throws ENOMEM.
  const { pid, ended, kill, send } = spawnExecutor({
    env: { LARGE: "x".repeat(200_000) },
    onMessage: () => undefined,
  });
  expect(pid).toBeUndefined();
  send({ kind: "close" });
  kill();
  expect(await ended).toBe("spawn E2BIG");
});

test("a step that is cancelled while no executor can start ends before the next start", async () => {
  let starts = 0;
  const cancel = new AbortController();
  const supervisor = createSupervisor({
    clock: systemClock,
    settings: {
      threads: 1,
      filesDir: ".",
      egress: { policy: { mode: "private" } },
      memoryMb: 64,
      graceMs: 100,
      startLimitMs: 10_000,
      contentsDir: "/nowhere",
      fileLimitBytes: 0,
      outputLimitBytes: 1_000,
      env: { LARGE: "x".repeat(200_000) },
      withholdsEnv: false,
    },
    memoryMb: Infinity,
    onEnd() {
      starts += 1;
      // The next start is 800 ms later.
      if (starts === 4) cancel.abort();
    },
    onDrain: () => undefined,
    onOutput: () => undefined,
  });
  onTestFinished(() => supervisor.close());
  const json = "null" as JsonText;
  const outcome = supervisor.run(
    {
      jobId: "job_test",
      jobName: null,
      metadata: json,
      schedule: null,
      plugin: "none",
      file: "file:///none.ts",
      secrets: {},
      env: [],
      options: json,
      input: json,
      inputFrom: null,
      jobInput: json,
      jobTimeoutMs: null,
      pluginTimeoutMs: 1_000,
      attempt: 1,
      isLastAttempt: false,
      logLimitBytes: 0,
      logLimitLines: 0,
      filesLimitBytes: 0,
    },
    { signal: cancel.signal, onLog: () => undefined, onProgress: () => undefined },
  );
  expect(await outcome).toMatchObject({ ok: false, failure: { code: "CANCELLED" } });
  expect(starts).toBe(4);
});
