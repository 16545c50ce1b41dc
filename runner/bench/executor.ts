/**
 * `npm run bench -- executor` measures what the process of its own costs that plugins run in: the same
 * steps in the same threads, once in an executor and once in this process, in turns: with as many steps at
 * a time as there are threads, and with more, as in a busy daemon, whose messages go together.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toJsonText } from "../src/domain/json-text.ts";
import { createPluginPool } from "../src/pool/plugin-pool.ts";
import { createPluginCatalog } from "../src/pool/catalog/plugin-catalog.ts";
import { createThreadPool } from "../src/pool/thread-pool.ts";
import type { StepTask } from "../src/ports/plugin-pool.ts";
import { systemClock } from "../src/system/clock.ts";
import { dropPlugin } from "../test/support/daemon.ts";
import { median, type Figure } from "./figures.ts";
import { cpuSeconds } from "./metrics-of.ts";

const ROUNDS = 9;
const STEPS = 5_000;
const THREADS = 2;
const STEPS_AT_A_TIME = [THREADS, 16];
const PLUGIN = "counts-words";

type RunStep = (number: number, signal: AbortSignal) => Promise<object>;

export async function benchExecutor(): Promise<{ figures: readonly Figure[] }> {
  const root = await mkdtemp(join(tmpdir(), "playground-bench-"));
  await dropPlugin(root, PLUGIN, "(input) => ({ words: input.text.split(/\\s+/).length })");
  const catalog = createPluginCatalog({
    builtinDir: join(root, "none"),
    pluginsDir: root,
    onError: (error) => console.error(error),
  });
  await catalog.ready();
  const settings = {
    threads: THREADS,
    filesDir: root,
    contentsDir: join(root, "artifacts"),
    memoryMb: 256,
    graceMs: 200,
  };
  const pluginTimeoutMs = 60_000;
  const apart = createPluginPool({ ...settings, catalog, clock: systemClock, pluginTimeoutMs });
  const here = createThreadPool(
    {
      ...settings,
      egress: { policy: { mode: "private" } },
      startLimitMs: 10_000,
      outputLimitBytes: 1_000_000,
      fileLimitBytes: 0,
      env: {},
      withholdsEnv: false,
    },
    () => undefined,
  );
  const located = catalog.locate(PLUGIN);
  if (located === null || "error" in located) throw new Error("The plugin cannot be loaded.");
  const { file, secrets, env } = located;
  const inProcess: RunStep = (number, signal) =>
    here.run(
      number,
      { ...TASK, file, secrets, env, pluginTimeoutMs, startBefore: null },
      { ...NO_REPORTS, signal, onStuck: () => undefined },
    );
  const inExecutor: RunStep = (_, signal) => apart.run(TASK, { ...NO_REPORTS, signal });
  try {
    const figures: Figure[] = [];
    let steps = 0;
    for (const atATime of STEPS_AT_A_TIME) {
      const cpuMs: Record<"here" | "apart", number[]> = { here: [], apart: [] };
      // The first round warms both up.
      for (let round = 0; round <= ROUNDS; round += 1) {
        const work = { atATime, first: (steps += STEPS) };
        const hereMs = await cpuMsPerStep(inProcess, work);
        const apartMs = await cpuMsPerStep(inExecutor, work);
        if (round === 0) continue;
        cpuMs.here.push(hereMs);
        cpuMs.apart.push(apartMs);
      }
      const added = cpuMs.apart.map((each, round) => each - (cpuMs.here[round] ?? 0));
      const unit = "ms of CPU/step";
      figures.push(
        { name: `${atATime} at a time: in this process`, value: median(cpuMs.here), unit },
        { name: `${atATime} at a time: in an executor`, value: median(cpuMs.apart), unit },
        { name: `${atATime} at a time: added by the executor`, value: median(added), unit },
      );
    }
    return { figures };
  } finally {
    await apart.close();
    await here.close();
    await catalog.close();
    await rm(root, { recursive: true, force: true });
  }
}

const INPUT = toJsonText({ text: "the quick brown fox jumps over the lazy dog" });

const TASK: StepTask = {
  jobId: "job_bench",
  jobName: null,
  metadata: toJsonText({}),
  schedule: null,
  plugin: PLUGIN,
  options: toJsonText({}),
  input: INPUT,
  inputFrom: null,
  jobInput: INPUT,
  jobTimeoutMs: null,
  attempt: 1,
  isLastAttempt: false,
  logLimitBytes: 1_000_000,
  logLimitLines: 10_000,
  filesLimitBytes: 0,
};

const NO_REPORTS = { onLog: () => undefined, onProgress: () => undefined };

/** The CPU time of this process and of its executor. */
async function cpuMsPerStep(
  run: RunStep,
  { atATime, first }: { atATime: number; first: number },
): Promise<number> {
  const { signal } = new AbortController();
  const before = cpuSeconds({ process });
  let next = 0;
  async function runInTurn(): Promise<void> {
    while (next < STEPS) {
      next += 1;
      const outcome = await run(first + next, signal);
      if (!("ok" in outcome) || outcome.ok !== true) throw new Error(JSON.stringify(outcome));
    }
  }
  await Promise.all(Array.from({ length: atATime }, runInTurn));
  return ((cpuSeconds({ process }) - before) * 1_000) / STEPS;
}
