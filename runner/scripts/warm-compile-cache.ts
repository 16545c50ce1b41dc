/**
 * Starts and stops a daemon once to fill the compile cache. The first real start is then as fast,
 * and needs as little memory, as every later one. Does nothing if the cache exists.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = new URL("../.cache/compile", import.meta.url);
const DAEMON = fileURLToPath(new URL("../bin/playground-runner.mjs", import.meta.url));

if (!existsSync(CACHE)) {
  const folder = await mkdtemp(join(tmpdir(), "playground-warm-"));
  const daemon = spawn(process.execPath, [DAEMON], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      PLAYGROUND_PORT: "0",
      PLAYGROUND_DATA_DIR: join(folder, "data"),
      PLAYGROUND_PLUGINS_DIR: join(folder, "plugins"),
    },
  });
  daemon.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (text.includes("listening on")) daemon.kill("SIGTERM");
  });
  const [code] = (await once(daemon, "exit")) as [number | null];
  await rm(folder, { recursive: true });
  process.exitCode = code ?? 1;
}
