/** Environment variables that plugins declare or only read, in a real daemon with real plugins. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";

const VARIABLES = { REPORT_URL: "https://reports.test", OTHER_KEY: "other", LC_TIME: "C" };

const READS = `
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { definePlugin } from "playground-runner/plugin";

const seen = (env) => ["REPORT_URL", "OTHER_KEY", "LC_TIME"].filter((name) => name in env);
const print = "JSON.stringify(Object.keys(process.env))";

export default definePlugin({
  name: "reads",
  description: "Reads the environment in many ways.",
  env: ["REPORT_URL"],
  async run(how) {
    if (how === "get") return [process.env.REPORT_URL, process.env.OTHER_KEY, process.env.NO_SUCH_NAME, process.env.LC_TIME];
    if (how === "in") return ["OTHER_KEY" in process.env, "LC_TIME" in process.env];
    if (how === "copy") return seen({ ...process.env });
    if (how === "child") {
      const names = execFileSync(process.execPath, ["-p", print], { encoding: "utf8" });
      return seen(Object.fromEntries(JSON.parse(names).map((name) => [name, 1])));
    }
    const worker = new Worker("require('node:worker_threads').parentPort.postMessage({ ...process.env })", { eval: true });
    const [env] = await once(worker, "message");
    return seen(env);
  },
});
`;

const SETS = `
import { definePlugin } from "playground-runner/plugin";
export default definePlugin({
  name: "sets",
  description: "Changes the environment.",
  run() {
    process.env.OWN_NAME = "own";
    const read = process.env.OWN_NAME;
    delete process.env.OWN_NAME;
    return [read, process.env.OWN_NAME ?? null];
  },
});
`;

let folder: string;
const daemons: Record<string, Daemon> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-env-"));
  for (const mode of ["all", "declared"]) {
    const root = join(folder, mode);
    await mkdir(join(root, "plugins"), { recursive: true });
    await writeFile(join(root, "plugins", "reads.ts"), READS);
    await writeFile(join(root, "plugins", "sets.ts"), SETS);
    daemons[mode] = await startDaemon({
      root,
      // One thread, so that each plugin is imported once.
      env: { ...VARIABLES, PLAYGROUND_PLUGIN_ENV: mode, PLAYGROUND_THREADS: "1" },
      plugins: { first: "() => process.env.OTHER_KEY ?? null" },
    });
  }
});
afterAll(async () => {
  for (const daemon of Object.values(daemons)) await daemon.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(mode: string, plugin: string, input: unknown = null) {
  const daemon = daemons[mode]!;
  const job = await daemon.post("/v1/jobs", { plugins: [plugin], input }, { prefer: "wait=60" });
  const { items } = await daemon.get(`/v1/jobs/${job.jobId}/logs`);
  const warnings = items
    .filter(({ level }: { level: string }) => level === "warn")
    .map(({ message }: { message: string }) => message);
  return { output: job.output, error: job.error, warnings };
}

describe("with all variables", () => {
  test("a plugin gets what it does not declare, and its log warns once", async () => {
    expect(await run("all", "reads", "get")).toEqual({
      output: [VARIABLES.REPORT_URL, "other", null, "C"],
      error: null,
      warnings: [
        'Plugin "reads" reads the environment variable OTHER_KEY and does not declare it. Add "OTHER_KEY" to `env` of its definition: a later version of the daemon gives plugins only what they declare.',
      ],
    });
    expect((await run("all", "reads", "get")).warnings).toEqual([]);
  });

  test("another plugin of the same thread is warned about too", async () => {
    const { output, warnings } = await run("all", "first");
    expect(output).toBe("other");
    expect(warnings).toEqual([expect.stringContaining('Plugin "first" reads')]);
  });

  test.each(["copy", "child", "worker"])(
    "a whole copy, as for a %s, warns of nothing",
    async (how) => {
      const { output, warnings } = await run("all", "reads", how);
      expect(output).toEqual(["REPORT_URL", "OTHER_KEY", "LC_TIME"]);
      expect(warnings).toEqual([]);
    },
  );
});

describe("with declared variables only", () => {
  test("a plugin does not get what it does not declare, and its log says so", async () => {
    expect(await run("declared", "reads", "get")).toEqual({
      output: [VARIABLES.REPORT_URL, null, null, "C"],
      error: null,
      warnings: [
        'Plugin "reads" reads the environment variable OTHER_KEY and does not declare it, so that it does not get it. Add "OTHER_KEY" to `env` of its definition.',
      ],
    });
    expect((await run("declared", "reads", "in")).output).toEqual([false, true]);
    expect((await run("declared", "first")).output).toBe(null);
  });

  test.each(["copy", "child", "worker"])("neither does a %s of it", async (how) => {
    const { output } = await run("declared", "reads", how);
    expect(output).toEqual(["REPORT_URL", "LC_TIME"]);
  });
});

test("a plugin can set and delete a variable of its own", async () => {
  for (const mode of ["all", "declared"]) {
    const { output } = await run(mode, "sets");
    expect(output).toEqual(["own", null]);
  }
});

test("the plugin's declaration is in the API", async () => {
  const daemon = daemons["all"]!;
  expect((await daemon.get("/v1/plugins/reads")).env).toEqual(["REPORT_URL"]);
  expect((await daemon.get("/v1/plugins/first")).env).toEqual([]);
  expect((await daemon.get("/v1/plugins/image-resize")).env).toEqual(["IMAGE_RESIZE_MAX_PIXELS"]);
});
