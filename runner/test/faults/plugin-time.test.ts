/** A plugin's timeout measures elapsed time, whatever happens to the system's clock. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";

const HOUR_MS = 3_600_000;

/** A daemon whose processes and threads see another time as soon as the plugin "sets-clock" has run. */
async function open(shiftMs: number, env: Record<string, string> = {}): Promise<Daemon> {
  const file = join(tmpdir(), `clock-${randomUUID()}`);
  onTestFinished(() => rm(file, { force: true }));
  const preload = `
    import { existsSync } from "node:fs";
    const now = Date.now;
    Date.now = () => now() + (existsSync(${JSON.stringify(file)}) ? ${shiftMs} : 0);`;
  const daemon = await startDaemon({
    nodeArgs: ["--import", `data:text/javascript,${encodeURIComponent(preload)}`],
    env: { PLAYGROUND_GRACE_MS: "100", ...env },
    plugins: {
      "sets-clock": `async (input) => {
        const { writeFileSync } = process.getBuiltinModule("fs");
        const before = Date.now();
        writeFileSync(${JSON.stringify(file)}, "");
        const shift = Date.now() - before;
        await sleep(input.ms);
        return shift;
      }`,
    },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
function run(daemon: Daemon, ms: number): Promise<any> {
  return daemon.post("/v1/jobs", { plugins: ["sets-clock"], input: { ms } }, { prefer: "wait=30" });
}

test("a clock that is set ahead ends no step", async () => {
  const daemon = await open(2 * HOUR_MS);
  // The time of a step with a long timeout is checked first after 10 s.
  const job = await run(daemon, 10_500);
  expect(job).toMatchObject({ status: "completed" });
  expect(job.steps[0].output).toBeGreaterThanOrEqual(2 * HOUR_MS);
});

test("a clock that is set back gives no step more time", async () => {
  const daemon = await open(-2 * HOUR_MS, { PLAYGROUND_PLUGIN_TIMEOUT_MS: "1500" });
  const startedAt = performance.now();
  expect(await run(daemon, 20_000)).toMatchObject({ errorCode: "PLUGIN_TIMEOUT" });
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});
