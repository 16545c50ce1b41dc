/** A plugin that crashes its whole process. The daemon is another process. */
import { expect, onTestFinished, test } from "vitest";
import { startDaemon } from "../support/daemon.ts";
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

test("three crashes of the process fail only the job that caused them, with STEP_INTERRUPTED, while the daemon and its deliveries go on", async () => {
  const receiver = await createReceiver();
  onTestFinished(() => receiver.close());
  const plugins = { "crashes-natively": CRASHES, slow: SLOW, echo: "(input) => input" };
  const daemon = await startDaemon({ plugins });
  onTestFinished(() => daemon.close());
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["echo", "crashes-natively"],
    webhook: { url: receiver.url },
  });
  const other = await daemon.post("/v1/jobs", { plugins: ["slow"] });
  const job = await until("the job to end", async () => {
    const now = await daemon.get(`/v1/jobs/${jobId}`);
    expect(daemon.process.exitCode ?? daemon.process.signalCode).toBeNull();
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
  expect(daemon.output().match(/"how":"signal SIGABRT".*"executor.ended"/g)).toHaveLength(3);
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
