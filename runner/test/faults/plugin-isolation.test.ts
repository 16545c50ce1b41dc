/** Whatever a plugin does, the steps beside it and after it in its thread find all as it should be. */
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
const EVERYTHING_WELL = {
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

function expectWell({ result, lines }: StepTrace): void {
  expect(result).toMatchObject({ ok: true });
  expect(JSON.parse(result.ok ? result.output : "null")).toEqual(EVERYTHING_WELL);
  expect(lines.map(({ message }) => message)).toEqual(["seen"]);
}

/** Runs it beside witnesses in another thread, then one alone in the thread that it had. */
async function runAmongWitnesses(
  plugin: string,
  { input, ...settings }: { input?: unknown; memoryMb?: number; pluginTimeoutMs?: number } = {},
): Promise<StepTrace> {
  const limits = { catalog, graceMs: 50, ...settings };
  await using pair = openThreads({ ...limits, threads: 2 });
  const hasEnded = { yet: false };
  const beside = pair.run(plugin, { input }).finally(() => (hasEnded.yet = true));
  while (!hasEnded.yet) expectWell(await witness(pair));
  await beside;
  await using alone = openThreads(limits);
  expectWell(await witness(alone));
  const trace = await alone.run(plugin, { input });
  expectWell(await witness(alone));
  return trace;
}

describe("fails its step, and no other:", () => {
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

  test("patches-globals: what the thread itself cannot do without: PLUGIN_CRASHED", async () => {
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

describe("completes, and what it did ends with its thread:", () => {
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

  test("sets-environment", async () => {
    const { result, lines } = await runAmongWitnesses("sets-environment");
    expect(result.ok).toBe(true);
    expect(lines[0]?.message).toContain("changed process.env");
  });

  test("a plugin that only keeps a global variable of its own keeps its thread", async () => {
    await using threads = openThreads({ catalog });
    const first = await threads.run("leaks-memory");
    const second = await threads.run("leaks-memory");
    expect([first.result, second.result]).toMatchObject([{ output: "60" }, { output: "120" }]);
  });
});

describe("completes, and what it left does not reach the next step:", () => {
  test.each([
    ["leaves-a-timer-that-throws", { ms: 2 }],
    ["leaves-a-rejection", { ms: 2 }],
    ["exits-later", { ms: 2 }],
  ])("%s", async (plugin, input) => {
    expect((await runAmongWitnesses(plugin, { input })).result.ok).toBe(true);
  });

  test("leaves-timers-and-sockets: they stay silent, and end with the thread", async () => {
    const threads = openThreads({ catalog });
    onTestFinished(() => threads[Symbol.asyncDispose]());
    const left = await threads.run("leaves-timers-and-sockets");
    const port = Number(left.result.ok ? left.result.output : "");
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    for (let n = 0; n < 5; n += 1) expectWell(await witness(threads));
    const closed = once(socket, "close");
    socket.on("error", () => undefined);
    await threads.pool.close();
    await closed;
  });

  test("leaves-a-loop: another thread gets the step that does not begin", async () => {
    const folder = mkdtempSync(join(tmpdir(), "leaves-a-loop-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "loops");
    await using threads = openThreads({ catalog, startLimitMs: 500, graceMs: 50 });
    expect((await threads.run("leaves-a-loop", { input: { file } })).result.ok).toBe(true);
    await until("the loop to have begun", () => existsSync(file));
    expectWell(await witness(threads));
    expectWell(await witness(threads));
  });

  test("a million log lines: the first 10,000 are kept, and the rest is counted", async () => {
    const { result, lines } = await runAmongWitnesses("chatty", { input: { lines: 1_000_000 } });
    expect(result.ok).toBe(true);
    expect(lines).toHaveLength(10_001);
    expect(lines.at(-1)?.message).toMatch(/^990000 more lines were dropped/);
  });
});

test.runIf(process.platform === "linux")(
  "a plugin's thread gives way to the daemon's own",
  async () => {
    await using threads = openThreads({ catalog });
    const { result } = await threads.run("tells-its-priority", {});
    // A thread begins with the priority of the one that started it, which is this one.
    expect(result).toMatchObject({ ok: true, output: String(Math.min(19, getPriority(0) + 5)) });
    expect(getPriority(0)).toBeLessThan(19);
  },
);
