/** A plugin that takes the whole process down, in a daemon that is started again as systemd does. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

/** As a native package does that crashes: a thread's own process.abort() is refused by Node. */
const CRASHES = `async () => {
  await sleep(300);
  process.getBuiltinModule("child_process").execFileSync("kill", ["-ABRT", String(process.pid)]);
  await sleep(60_000);
}`;

/** Too long to end before a plugin beside it crashes. */
const PATIENT = `async () => {
  await sleep(2_000);
  return "done";
}`;

test("three crashes of the process fail the job with STEP_INTERRUPTED, none beside it, and the daemon lives on", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-crash-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const receiver = await createReceiver();
  onTestFinished(() => receiver.close());
  const plugins = { "crashes-natively": CRASHES, patient: PATIENT, echo: "(input) => input" };
  const restart = (): Promise<Daemon> => startDaemon({ root, plugins });

  let daemon = await restart();
  onTestFinished(() => daemon.close());
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["echo", "crashes-natively"],
    webhook: { url: receiver.url },
  });
  const beside = await daemon.post("/v1/jobs", { plugins: ["patient"] });
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
  const [told] = await receiver.untilReceived(1, ({ event }) => event.status === "failed");
  expect(told?.event).toMatchObject({
    jobId,
    error: job.error,
    progress: { completedPlugins: ["echo"], currentPlugin: "crashes-natively" },
  });
  expect(daemon.output()).toMatch(/"plugin":"crashes-natively".*"job.gives-up-crashing"/);
  await until("the job beside it to complete", async () => {
    const now = await daemon.get(`/v1/jobs/${beside.jobId}`);
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
