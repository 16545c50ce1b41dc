/** A plugin that uses too much memory fails its own step. The executor and the other steps go on. */
import { expect, onTestFinished, test } from "vitest";
import { runBystander } from "../support/bystander.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";

async function open(plugins: Record<string, string>, threads = 2): Promise<Daemon> {
  const daemon = await startDaemon({
    env: { PLAYGROUND_THREAD_MEMORY_MB: "64", PLAYGROUND_THREADS: String(threads) },
    plugins: { echo: "(input) => input", rests: "async () => { await sleep(400); }", ...plugins },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
async function run(daemon: Daemon, plugin: string): Promise<any> {
  return daemon.post("/v1/jobs", { plugins: [plugin] }, { prefer: "wait=60" });
}

/** V8 ends the whole process when one of these allocations does not fit into its heap. */
test.each([
  ["push onto one array", "const all = []; for (let n = 0; n < 1e8; n += 1) all.push(n * 3);"],
  ["a growing Map", 'const all = new Map(); for (let n = 0; n < 5e6; n += 1) all.set("k" + n, 1);'],
  [
    "an object as a dictionary",
    'const all = {}; for (let n = 0; n < 5e6; n += 1) all["k" + n] = 1;',
  ],
  ["spread", "let all = [1]; while (all.length < 1e8) all = [...all, ...all];"],
])("%s: OUT_OF_MEMORY, and a step in the other thread completes", async (_, source) => {
  const daemon = await open({ fills: `async () => { ${source} }` });
  const [filled] = await Promise.all([run(daemon, "fills"), runBystander(daemon, "rests")]);
  expect(filled.errorCode).toBe("OUT_OF_MEMORY");
  expect(filled.error).toContain("64 MiB");
  expect(daemon.output()).not.toContain("executor.ended");
});

test("garbage that V8 has not collected yet does not count", async () => {
  const daemon = await open({
    churns: `() => {
      const make = (at) => Array.from({ length: 1000 }, (_, k) => ({ a: k + at, b: "x" + k }));
      const kept = Array.from({ length: 400 }, (_, at) => make(at));
      for (let at = 0; at < 10_000; at += 1) kept[(at * 7919) % kept.length] = make(at);
      return kept.length;
    }`,
  });
  expect(await run(daemon, "churns")).toMatchObject({ status: "completed", errorCode: null });
});

test("memory that an earlier step left behind does not fail the next step", async () => {
  const left = "globalThis.left = [...(globalThis.left ?? []),";
  const daemon = await open(
    {
      "leaves-buffers": `() => { ${left} Buffer.alloc(60_000_000, 1), Buffer.alloc(60_000_000, 1)]; }`,
      "leaves-heap": `() => { ${left} Array.from({ length: 8e6 }, (_, n) => n + 0.5)]; }`,
    },
    1,
  );
  for (const plugin of ["leaves-buffers", "leaves-heap"]) {
    await run(daemon, plugin);
    expect(await run(daemon, "rests")).toMatchObject({ status: "completed", errorCode: null });
  }
});
