/** A plugin cannot affect steps in other threads, or later steps in its own thread. */
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { LivePluginCatalog } from "../../src/pool/catalog/plugin-catalog.ts";
import {
  openFixtures,
  openThreads,
  type PluginThreads,
  type StepTrace,
} from "../support/plugin-threads.ts";
import { until } from "../support/until.ts";

const NUMBERS = [3, 1, 2];
const UNAFFECTED = {
  copy: NUMBERS,
  inherited: [],
  mapped: 1,
  year: 1970,
  isNow: true,
  fetch: false,
  environment: null,
  directory: process.cwd(),
};

let catalog: LivePluginCatalog;

beforeAll(async () => {
  catalog = openFixtures();
  await catalog.ready();
});

afterAll(() => catalog.close());

function witness(threads: PluginThreads): Promise<StepTrace> {
  return threads.run("witness", { input: { numbers: NUMBERS } });
}

function expectUnaffected({ result, lines }: StepTrace): void {
  expect(result).toMatchObject({ ok: true });
  expect(JSON.parse(result.ok ? result.output : "null")).toEqual(UNAFFECTED);
  expect(lines.map(({ message }) => message)).toEqual(["seen"]);
}

/** Runs the plugin next to witnesses in a second thread, then between two in a single thread. */
async function runAmongWitnesses(
  plugin: string,
  { input, ...settings }: { input?: unknown; memoryMb?: number; pluginTimeoutMs?: number } = {},
): Promise<StepTrace> {
  const limits = { catalog, graceMs: 50, env: { GIVEN: "yes" }, ...settings };
  await using pair = openThreads({ ...limits, threads: 2 });
  const hasEnded = { yet: false };
  const running = pair.run(plugin, { input }).finally(() => (hasEnded.yet = true));
  while (!hasEnded.yet) expectUnaffected(await witness(pair));
  await running;
  await using single = openThreads(limits);
  expectUnaffected(await witness(single));
  const trace = await single.run(plugin, { input });
  expectUnaffected(await witness(single));
  return trace;
}

describe("fails only its own step:", () => {
  test.each([
    ["throws", "PLUGIN_THREW", "the disk is on fire"],
    ["rejects", "PLUGIN_THREW", "no such column"],
    ["exits", "PLUGIN_EXITED", "process.exit(3)"],
    ["crashes", "PLUGIN_CRASHED", "thrown from a callback"],
    ["returns-a-function", "OUTPUT_NOT_SERIALIZABLE", "/rows/0/format is a function"],
    ["returns-a-trap", "OUTPUT_NOT_SERIALIZABLE", "cannot be read: not for you"],
    ["changes-directory", "PLUGIN_THREW", "process.chdir() is not supported in workers"],
    ["aborts", "PLUGIN_THREW", "process.abort() is not supported in workers"],
    ["kills-the-daemon", "PLUGIN_THREW", "would end the daemon"],
    ["crashes-a-child", "PLUGIN_THREW", "Command failed"],
  ])("%s: %s", async (plugin, code, message) => {
    const { result } = await runAmongWitnesses(plugin);
    expect(result).toMatchObject({ ok: false, failure: { code } });
    expect(result.ok ? "" : result.failure.message).toContain(message);
  });

  test.each(["exhausts-memory", "exhausts-buffers"])("%s: OUT_OF_MEMORY", async (plugin) => {
    const { result } = await runAmongWitnesses(plugin, { memoryMb: 48 });
    expect(result).toMatchObject({ ok: false, failure: { code: "OUT_OF_MEMORY" } });
  });

  test("returns 200 MB: OUTPUT_TOO_LARGE", async () => {
    const input = { characters: 200_000_000 };
    const { result } = await runAmongWitnesses("returns-too-much", { input, memoryMb: 512 });
    expect(result).toMatchObject({ ok: false, failure: { code: "OUTPUT_TOO_LARGE" } });
  });

  test("patches-globals, with a global that the thread itself needs: PLUGIN_CRASHED", async () => {
    const { result } = await runAmongWitnesses("patches-globals", {
      input: "Array.prototype.push",
    });
    expect(result).toMatchObject({
      failure: { code: "PLUGIN_CRASHED", message: "Error: patched" },
    });
  });

  test.each(["loops", "blocks", "never-settles"])("%s: PLUGIN_TIMEOUT", async (plugin) => {
    const { result } = await runAmongWitnesses(plugin, { pluginTimeoutMs: 500 });
    expect(result).toMatchObject({ ok: false, failure: { code: "PLUGIN_TIMEOUT" } });
  });
});

describe("completes, and its changes end with its thread:", () => {
  test.each([
    "Array.prototype.last",
    "JSON.stringify",
    "JSON.parse",
    "Object.prototype.polluted",
    "fetch",
    "Date",
    "Date.now",
    "Promise",
    "Map.prototype.get",
    "process.exit",
    "process.stdout.write",
    "console.log",
    "the listeners of uncaughtException",
  ])("patches-globals: %s", async (what) => {
    const { result, lines } = await runAmongWitnesses("patches-globals", { input: what });
    expect(result).toMatchObject({ ok: true, output: '"patched"' });
    expect(lines).toMatchObject([{ level: "warn" }]);
    expect(lines[0]?.message).toContain(`Plugin "patches-globals" changed ${what}: its thread`);
  });

  test.each(["set", "define", "delete", "replace", "file", "worker"])(
    "sets-environment: %s",
    async (way) => {
      const { result, lines } = await runAmongWitnesses("sets-environment", { input: way });
      expect(result.ok).toBe(true);
      expect(lines.at(-1)?.message).toContain("changed process.env");
    },
  );

  test("a plugin that only adds its own global variable keeps its thread", async () => {
    await using threads = openThreads({ catalog });
    const first = await threads.run("leaks-memory");
    const second = await threads.run("leaks-memory");
    expect([first.result, second.result]).toMatchObject([{ output: "60" }, { output: "120" }]);
  });
});

describe("completes, and what it left behind does not affect the next step:", () => {
  test.each([
    ["leaves-a-timer-that-throws", { ms: 2 }],
    ["leaves-a-rejection", { ms: 2 }],
    ["exits-later", { ms: 2 }],
  ])("%s", async (plugin, input) => {
    expect((await runAmongWitnesses(plugin, { input })).result.ok).toBe(true);
  });

  test("leaves-timers-and-sockets: they add no log lines, and end with the thread", async () => {
    const threads = openThreads({ catalog });
    onTestFinished(() => threads[Symbol.asyncDispose]());
    const left = await threads.run("leaves-timers-and-sockets");
    const port = Number(left.result.ok ? left.result.output : "");
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    for (let n = 0; n < 5; n += 1) expectUnaffected(await witness(threads));
    const closed = once(socket, "close");
    socket.on("error", () => undefined);
    await threads.pool.close();
    await closed;
  });

  test("leaves-a-loop: a step that cannot begin moves to another thread", async () => {
    const folder = mkdtempSync(join(tmpdir(), "leaves-a-loop-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "loops");
    await using threads = openThreads({ catalog, startLimitMs: 500, graceMs: 50 });
    // Its thread is up then. A step that waits too long for a new one gets another, which ends with the step.
    expectUnaffected(await witness(threads));
    expect((await threads.run("leaves-a-loop", { input: { file } })).result.ok).toBe(true);
    await until("the loop to have begun", () => existsSync(file));
    expectUnaffected(await witness(threads));
    expectUnaffected(await witness(threads));
  });

  test("a million log lines: the first 10,000 are stored, and the rest are counted", async () => {
    const { result, lines } = await runAmongWitnesses("chatty", { input: { lines: 1_000_000 } });
    expect(result.ok).toBe(true);
    expect(lines).toHaveLength(10_001);
    expect(lines.at(-1)?.message).toMatch(/^990000 more lines were dropped/);
  });
});

test.runIf(process.platform === "linux")(
  "a plugin thread has a lower priority than the daemon's own threads",
  async () => {
    await using threads = openThreads({ catalog });
    const { result } = await threads.run("returns-its-priority", {});
    // A thread starts with the priority of the thread that created it, here the test's.
    expect(result).toMatchObject({ ok: true, output: String(Math.min(19, getPriority(0) + 5)) });
    expect(getPriority(0)).toBeLessThan(19);
  },
);
