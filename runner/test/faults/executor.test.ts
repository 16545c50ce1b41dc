/** The process that runs plugins: what it is given, what it survives, and what ends with it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { childrenOf, hasEnded, stateOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

const PROCESS = `() => ({ pid: process.pid, ppid: process.ppid })`;
/** Writes its process and the process it has started to a file, then runs until the file "go" exists. */
const HOLD = `async (input) => {
  const { spawn } = process.getBuiltinModule("child_process");
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  appendFileSync(input.pids, [process.pid, child.pid].join(" ") + "\\n");
  while (!existsSync(input.go)) await sleep(10);
  child.kill();
  return "went";
}`;

async function open(options: Parameters<typeof startDaemon>[0] = {}): Promise<Daemon> {
  const daemon = await startDaemon({
    ...options,
    plugins: { process: PROCESS, hold: HOLD, echo: "(input) => input", ...options.plugins },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
async function run(daemon: Daemon, plugin: string, input: unknown = null): Promise<any> {
  return daemon.post("/v1/jobs", { plugins: [plugin], input }, { prefer: "wait=30" });
}

/** Submits a job that runs until `go`, and waits for its processes. */
async function hold(daemon: Daemon) {
  const input = { pids: join(daemon.dataDir, "pids"), go: join(daemon.dataDir, "go") };
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["hold"], input });
  const pids = await until("the step to run", async () => {
    const text = await readFile(input.pids, "utf8").catch(() => "");
    return text.endsWith("\n") ? text.trim().split(/\s+/).map(Number) : null;
  });
  const [executor = 0, child = 0] = pids;
  return { jobId: String(jobId), executor, child, go: () => writeFile(input.go, "") };
}

async function expectEnded(pid: number): Promise<void> {
  await until(`process ${pid} to end`, () => hasEnded(pid));
}

test("plugins run in a child of the daemon that leads its own process group", async () => {
  const daemon = await open();
  const { output } = (await run(daemon, "process")).steps[0];
  expect(output.pid).not.toBe(daemon.process.pid);
  expect(output.ppid).toBe(daemon.process.pid);
  const stat = await readFile(`/proc/${output.pid}/stat`, "utf8");
  expect(Number(/\) \S \d+ (\d+)/.exec(stat)?.[1])).toBe(output.pid);
});

test("Linux ends the processes of plugins before the daemon when memory is used up", async () => {
  const daemon = await open();
  const { executor, child, go } = await hold(daemon);
  const scoreOf = async (pid: number | undefined): Promise<string> =>
    (await readFile(`/proc/${pid}/oom_score_adj`, "utf8")).trim();
  expect(await scoreOf(executor)).toBe("1000");
  expect(await scoreOf(child)).toBe("1000");
  expect(await scoreOf(daemon.process.pid)).toBe(await scoreOf(process.pid));
  await go();
});

test("the daemon's variables, its token and its key are in no environment and no command line of the process", async () => {
  const key = "k".repeat(43);
  const daemon = await open({
    env: { PLAYGROUND_SECRET_KEY: `${key}=`, GREETING: "hello" },
    plugins: {
      report: `() => JSON.stringify(process.report.getReport())`,
    },
  });
  const { pid } = (await run(daemon, "process")).steps[0].output;
  const environ = await readFile(`/proc/${pid}/environ`, "utf8");
  const cmdline = await readFile(`/proc/${pid}/cmdline`, "utf8");
  const report: string = (await run(daemon, "report")).steps[0].output;
  expect(environ).toContain("GREETING=hello");
  for (const text of [environ, cmdline, report]) {
    expect(text).not.toContain("PLAYGROUND_");
    expect(text).not.toContain(daemon.token);
    expect(text).not.toContain(key);
  }
});

test("a daemon that is killed takes its executor and the processes of its plugins with it", async () => {
  const daemon = await open();
  const { executor, child } = await hold(daemon);
  await daemon.end("SIGKILL");
  await expectEnded(executor);
  await expectEnded(child);
});

test("a daemon that stops leaves no process behind", async () => {
  const daemon = await open({ env: { PLAYGROUND_GRACE_MS: "100" } });
  const { executor, child } = await hold(daemon);
  expect(await daemon.end("SIGTERM")).toBe(0);
  await expectEnded(executor);
  await expectEnded(child);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s to the executor does not interrupt its steps",
  async (signal) => {
    const daemon = await open();
    const { jobId, executor, go } = await hold(daemon);
    process.kill(executor, signal);
    await go();
    const job = await until("the job to end", async () => {
      const now = await daemon.get(`/v1/jobs/${jobId}`);
      return now.endedAt === null ? null : now;
    });
    expect(job).toMatchObject({ status: "completed", steps: [{ output: "went" }] });
    expect(daemon.output()).not.toContain("executor.ended");
  },
);

test("a step whose executor is killed runs again in a new one, and the child of the first run ends", async () => {
  const daemon = await open();
  const { jobId, executor, child, go } = await hold(daemon);
  await go();
  process.kill(executor, "SIGKILL");
  await expectEnded(child);
  const job = await until("the job to end", async () => {
    const now = await daemon.get(`/v1/jobs/${jobId}`);
    return now.endedAt === null ? null : now;
  });
  expect(job.status).toBe("completed");
  expect((await run(daemon, "process")).steps[0].output.pid).not.toBe(executor);
  expect(daemon.output()).toMatch(/"interruptedSteps":1.*"executor.ended"/);
});

test("a process that a plugin started with detached: true survives its executor", async () => {
  const daemon = await open({
    plugins: {
      detaches: `() => {
        const { spawn } = process.getBuiltinModule("child_process");
        const child = spawn("sleep", ["600"], { stdio: "ignore", detached: true });
        return { executor: process.pid, child: child.pid };
      }`,
    },
  });
  const { executor, child } = (await run(daemon, "detaches")).steps[0].output;
  onTestFinished(() => void process.kill(child, "SIGKILL"));
  process.kill(executor, "SIGKILL");
  await expectEnded(executor);
  await until("the end to be logged", () => daemon.output().includes("executor.ended"));
  expect(await stateOf(child)).toBe("S");
});

test("a cancelled step's process ends with its thread, and is no zombie when no step runs", async () => {
  const daemon = await open({ env: { PLAYGROUND_GRACE_MS: "100" } });
  const { jobId, executor, child } = await hold(daemon);
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
  await until("the process to be reaped", async () => (await stateOf(child)) === null);
  const after = await run(daemon, "process");
  expect(after.status).toBe("completed");
  expect(after.steps[0].output.pid).not.toBe(executor);
  expect(daemon.output()).not.toContain("executor.ended");
});

test("a cancelled step's process ends while other steps run on in the same executor", async () => {
  const daemon = await open({ env: { PLAYGROUND_GRACE_MS: "100" } });
  const { jobId, executor, child } = await hold(daemon);
  const gate = join(daemon.dataDir, "gate");
  const waits = await daemon.post("/v1/jobs", {
    plugins: ["hold"],
    input: { pids: join(daemon.dataDir, "others"), go: gate },
  });
  await until("the other step to run", () =>
    readFile(join(daemon.dataDir, "others")).catch(() => null),
  );
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
  await expectEnded(child);
  await writeFile(gate, "");
  const job = await until("the other job to end", async () => {
    const now = await daemon.get(`/v1/jobs/${waits.jobId}`);
    return now.endedAt === null ? null : now;
  });
  expect(job).toMatchObject({ status: "completed", steps: [{ output: "went" }] });
  await expectEnded(executor);
});

test("an executor that is killed again and again before it is ready is replaced until one is", async () => {
  const daemon = await open();
  const killed = new Set<number>();
  while (killed.size < 4) {
    const next = await until("another executor", async () =>
      (await childrenOf(daemon.process.pid)).find((pid) => !killed.has(pid)),
    );
    process.kill(next, "SIGKILL");
    killed.add(next);
  }
  expect((await run(daemon, "echo", 1)).steps[0].output).toBe(1);
});

test("a file that crashes its process when it is imported is broken, and a running step goes on", async () => {
  const daemon = await open();
  const { jobId, executor, go } = await hold(daemon);
  const crash = `process.getBuiltinModule("child_process").execFileSync("kill", ["-ABRT", String(process.pid)]);
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  await writeFile(join(daemon.pluginsDir, "crashes.mjs"), crash);
  const broken = await until("the file to be read", async () => {
    const { items } = await daemon.get("/v1/plugins");
    return items.find(({ name }: { name: string }) => name === "crashes");
  });
  expect(broken.error).toBe("importing the file ended its process: signal SIGABRT");
  expect(await stateOf(executor)).not.toBeNull();
  await go();
  const job = await until("the job to end", async () => {
    const now = await daemon.get(`/v1/jobs/${jobId}`);
    return now.endedAt === null ? null : now;
  });
  expect(job.status).toBe("completed");
});

test("NODE_OPTIONS does not lift the memory limit of a thread: the executor does not get the flag, and the start says so", async () => {
  const daemon = await open({
    env: { NODE_OPTIONS: "--max-old-space-size=3000", PLAYGROUND_THREAD_MEMORY_MB: "64" },
    plugins: {
      fills: `async () => {
        const kept: number[][] = [];
        for (let at = 0; at < 400; at += 1) {
          kept.push(Array.from({ length: 100_000 }, (_, k) => k + at + 0.5));
          if (at % 20 === 0) await sleep(1);
        }
        return process.env.NODE_OPTIONS;
      }`,
    },
  });
  expect(daemon.output()).toContain("Warning: NODE_OPTIONS contains --max-old-space-size=3000.");
  expect(await run(daemon, "fills")).toMatchObject({ errorCode: "OUT_OF_MEMORY" });
  const { pid } = (await run(daemon, "process")).steps[0].output;
  expect(await readFile(`/proc/${pid}/environ`, "utf8")).not.toContain("max-old-space-size");
});
