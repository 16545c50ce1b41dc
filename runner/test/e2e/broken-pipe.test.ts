/** What happens when the reader of the process's output has closed its end of the pipe. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon } from "../support/daemon.ts";

const BINARY = fileURLToPath(new URL("../../bin/playground-runner.mjs", import.meta.url));

test("a command whose output pipe is closed exits without a stack trace", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "playground-pipe-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const child = spawn(process.execPath, [BINARY, "plugins"], { cwd });
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("a daemon whose output pipe is closed keeps serving, and stops cleanly", async () => {
  const daemon = await startDaemon({ env: { PLAYGROUND_LOG_LEVEL: "debug" } });
  onTestFinished(() => daemon.close());
  daemon.process.stdout?.destroy();
  daemon.process.stderr?.destroy();
  for (let n = 0; n < 3; n += 1) {
    expect((await daemon.request("/healthz")).status).toBe(200);
  }
  expect(await daemon.end("SIGTERM")).toBe(0);
});
