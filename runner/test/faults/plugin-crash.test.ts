/** A plugin that crashes the whole process, in a daemon that is restarted as systemd does. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

/** Crashes the process as a native package can. Node refuses process.abort() in a thread. */
const CRASHES = `async () => {
  await sleep(300);
  process.getBuiltinModule("child_process").execFileSync("kill", ["-ABRT", String(process.pid)]);
  await sleep(60_000);
}`;

/** Runs long enough for the other plugin to crash first. */
const SLOW = `async () => {
  await sleep(2_000);
  return "done";
}`;

test("three crashes of the process fail only the job that caused them, with STEP_INTERRUPTED, and the daemon keeps running", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-crash-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const receiver = await createReceiver();
  onTestFinished(() => receiver.close());
  const plugins = { "crashes-natively": CRASHES, slow: SLOW, echo: "(input) => input" };
  const restart = (): Promise<Daemon> => startDaemon({ root, plugins });

  let daemon = await restart();
  onTestFinished(() => daemon.close());
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["echo", "crashes-natively"],
    webhook: { url: receiver.url },
  });
  const other = await daemon.post("/v1/jobs", { plugins: ["slow"] });
  for (let crash = 1; crash <= 3; crash += 1) {
    if (daemon.process.signalCode === null) await once(daemon.process, "exit");
    expect(daemon.process.signalCode).toBe("SIGABRT");
    daemon = await restart();
  }

  const job = await until("the job to end", async () => {
    const now = await daemon.get(`/v1/jobs/${jobId}`);
    return now.status === "failed" ? now : null;
  });
  expect(job.errorCode).toBe("STEP_INTERRUPTED");
  expect(job.error).toContain('"crashes-natively" was interrupted 3 times');
  const [failed] = await receiver.untilReceived(1, ({ event }) => event.status === "failed");
  expect(failed?.event).toMatchObject({
    jobId,
    error: job.error,
    progress: { completedPlugins: ["echo"], currentPlugin: "crashes-natively" },
  });
  expect(daemon.output()).toMatch(/"plugin":"crashes-natively".*"job.poison-failed"/);
  await until("the other job to complete", async () => {
    const now = await daemon.get(`/v1/jobs/${other.jobId}`);
    expect(now.error).toBeNull();
    return now.status === "completed";
  });
  const next = await daemon.post(
    "/v1/jobs",
    { plugins: ["echo"], input: 1 },
    { prefer: "wait=10" },
  );
  expect(next.status).toBe("completed");
  expect(daemon.process.exitCode).toBeNull();
});
