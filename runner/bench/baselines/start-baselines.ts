/** Starts the processes that the daemon is compared with, each with its own data in the folder. */
import { execFileSync, fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../test/support/free-port.ts";

/** Not a dependency: 13 MB with what it needs, for one line of one benchmark. */
const BULLMQ = "bullmq@5.81.5";

export interface Baseline {
  readonly name: string;
  readonly url: string;
  readonly process: ChildProcess;
  close(): void;
}

/** BullMQ is left out unless `redis-server` is on the path. */
export async function startBaselines(folder: string): Promise<readonly Baseline[]> {
  const own = ["naive", "grouped", "floor"].map((name) =>
    startBaseline(name, [join(folder, `${name}.db`)]),
  );
  const bullmq = hasRedis() ? [await startBullMq(folder)] : [];
  return [...(await Promise.all(own)), ...bullmq];
}

export async function startBaseline(name: string, args: readonly string[]): Promise<Baseline> {
  const child = fork(new URL(`${name}-process.ts`, import.meta.url), args);
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return { name, url, process: child, close: () => child.disconnect() };
}

function hasRedis(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function startBullMq(folder: string): Promise<Baseline> {
  const modules = join(folder, "bullmq");
  mkdirSync(modules);
  execFileSync("npm", ["install", "--silent", "--prefix", modules, BULLMQ], { stdio: "ignore" });
  const port = String(await freePort());
  const redis = spawn(
    "redis-server",
    ["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", ""].concat([
      "--appendonly",
      "yes",
      "--appendfsync",
      "everysec",
    ]),
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  for await (const text of redis.stdout) if (/Ready to accept/.test(String(text))) break;
  const baseline = await startBaseline("bullmq", [port, modules]);
  return {
    ...baseline,
    close() {
      baseline.close();
      redis.kill();
    },
  };
}
