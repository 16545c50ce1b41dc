/** Many steps whose last attempts come at the same time, each in an executor of its own. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const STEPS = 8;
/** Writes its process to a file. Its first two runs last until they are killed, however late the others begin. */
const RESTS = `async ({ pids, n }) => {
  appendFileSync(pids, n + " " + process.pid + "\\n");
  const runs = readFileSync(pids, "utf8").split("\\n").filter((line) => line.startsWith(n + " "));
  await sleep(runs.length < 3 ? 300_000 : 1_500);
}`;

test("last attempts that come at the same time fit into the memory limit, and none of them fails for it", async () => {
  const daemon = await startDaemon({
    env: { PLAYGROUND_THREADS: String(STEPS), PLAYGROUND_EXECUTOR_MEMORY_MB: "500" },
    plugins: { rests: RESTS },
  });
  onTestFinished(() => daemon.close());
  const pids = join(daemon.dataDir, "pids");
  const jobs: string[] = [];
  for (let n = 0; n < STEPS; n += 1) {
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["rests"], input: { pids, n } });
    jobs.push(jobId);
  }
  for (const attempt of [1, 2]) {
    const executor = await until("all steps to run", async () => {
      const text = await readFile(pids, "utf8").catch(() => "");
      const lines = text.trim().split("\n");
      return lines.length === attempt * STEPS ? Number(lines.at(-1)?.split(" ")[1]) : null;
    });
    process.kill(executor, "SIGKILL");
  }
  const ends = await until(
    "all jobs to end",
    async () => {
      const now = await Promise.all(jobs.map((id) => daemon.get(`/v1/jobs/${id}`)));
      return now.every(({ endedAt }) => endedAt !== null) ? now : null;
    },
    { timeoutMs: 60_000 },
  );
  const outcomes = ends.map(({ status, errorCode }) => errorCode ?? status);
  expect(outcomes).toEqual(Array.from({ length: STEPS }, () => "completed"));
});
