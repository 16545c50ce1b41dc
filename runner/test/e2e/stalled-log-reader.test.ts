/** The daemon as a child process whose output is a pipe that the test does not read for a while. */
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

/** A pipe holds 64 KiB, and the daemon keeps 1 MiB. The line of a request has about 400 bytes. */
const TOO_MANY = 4_000;
const THAT_FIT = 1_500;
const AT_ONCE = 50;

async function startNotRead(): Promise<Daemon> {
  const daemon = await startDaemon({ env: { PLAYGROUND_LOG_LEVEL: "debug" } });
  onTestFinished(() => daemon.close());
  daemon.process.stderr!.pause();
  return daemon;
}

async function flood(daemon: Daemon, requests: number): Promise<void> {
  let left = requests;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const signal = AbortSignal.timeout(20_000);
        const response = await daemon.request(`/${"x".repeat(200)}`, { signal });
        expect(response.status).toBe(404);
        await response.arrayBuffer();
      }
    }),
  );
}

function countLines(daemon: Daemon): number {
  return daemon.output().match(/"status":404,.*"msg":"http\.answered"/g)?.length ?? 0;
}

test("with a log that nobody reads the daemon answers, and counts the lines it drops", async () => {
  const daemon = await startNotRead();
  await flood(daemon, TOO_MANY);
  expect((await daemon.request("/readyz")).status).toBe(200);
  expect(daemon.output()).not.toContain("log.lines-dropped");
  daemon.process.stderr!.resume();
  const line = await until("the count", () => /^.*"log\.lines-dropped".*$/m.exec(daemon.output()));
  const { lines } = JSON.parse(line[0]) as { lines: number };
  expect(lines).toBeGreaterThan(0);
  expect(lines + countLines(daemon)).toBeGreaterThanOrEqual(TOO_MANY);
  for (const text of daemon.output().trim().split("\n")) {
    if (text.startsWith("{")) JSON.parse(text);
  }
});

test("with a log that nobody reads SIGTERM still stops the daemon", async () => {
  const daemon = await startNotRead();
  daemon.process.stdout!.pause();
  await flood(daemon, TOO_MANY);
  const from = performance.now();
  expect(await daemon.end("SIGTERM")).toBe(0);
  expect(performance.now() - from).toBeLessThan(10_000);
});

test("lines that are written shortly before the exit are read by a slow reader", async () => {
  const daemon = await startNotRead();
  await flood(daemon, THAT_FIT);
  const ended = daemon.end("SIGTERM");
  daemon.process.stderr!.resume();
  expect(await ended).toBe(0);
  if (!daemon.process.stderr!.readableEnded) await once(daemon.process.stderr!, "end");
  expect(countLines(daemon)).toBe(THAT_FIT);
});
