import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JsonText } from "../../src/domain/json-text.ts";
import {
  createPluginCatalog,
  type LivePluginCatalog,
} from "../../src/pool/catalog/plugin-catalog.ts";
import { createPluginPool, type PluginPoolOptions } from "../../src/pool/plugin-pool.ts";
import { systemClock } from "../../src/system/clock.ts";
import type { LogLine, PluginPool } from "../../src/ports/plugin-pool.ts";
import type { StepResult } from "../../src/domain/transition.ts";
import { childrenOf } from "./processes.ts";
import { until } from "./until.ts";

/** Plugins that misbehave, each named after what it does. */
export const FIXTURES_DIR = fileURLToPath(new URL("./plugins", import.meta.url));

export interface StepRequest {
  readonly input?: unknown;
  readonly inputFrom?: string;
  readonly options?: unknown;
  /** The time in which the plugin must begin. */
  readonly startWithinMs?: number;
  readonly jobTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface StepTrace {
  readonly result: StepResult;
  readonly lines: readonly LogLine[];
  readonly progress: readonly { fraction: number | null; message: string | null; at: number }[];
}

export interface PluginThreads extends AsyncDisposable {
  readonly pool: PluginPool;
  run(plugin: string, request?: StepRequest): Promise<StepTrace>;
}

export function openFixtures(): LivePluginCatalog {
  const nowhere = join(FIXTURES_DIR, "none");
  const onError = (error: unknown): void => {
    throw error;
  };
  return createPluginCatalog({ builtinDir: nowhere, pluginsDir: FIXTURES_DIR, onError });
}

/** A pool that is closed when its scope ends. */
export function openThreads(
  options: Partial<PluginPoolOptions> & Pick<PluginPoolOptions, "catalog">,
): PluginThreads {
  const filesDir = mkdtempSync(join(tmpdir(), "plugin-threads-"));
  const pool = createPluginPool({
    clock: systemClock,
    threads: 1,
    filesDir,
    contentsDir: join(filesDir, "artifacts"),
    memoryMb: 256,
    graceMs: 200,
    pluginTimeoutMs: 60_000,
    ...options,
  });
  return {
    pool,
    run: (plugin, request) => runStep(pool, plugin, request),
    async [Symbol.asyncDispose]() {
      await pool.close();
      rmSync(filesDir, { recursive: true, force: true });
    },
  };
}

async function runStep(
  pool: PluginPool,
  plugin: string,
  request: StepRequest = {},
): Promise<StepTrace> {
  const lines: LogLine[] = [];
  const progress: { fraction: number | null; message: string | null; at: number }[] = [];
  const input = toJson(request.input ?? null);
  const result = await pool.run(
    {
      jobId: "job_test",
      jobName: "a test",
      metadata: toJson({ team: "red" }),
      schedule: null,
      plugin,
      options: toJson(request.options ?? {}),
      input,
      inputFrom: request.inputFrom ?? null,
      jobInput: input,
      jobTimeoutMs: request.jobTimeoutMs ?? null,
      attempt: 1,
      isLastAttempt: false,
      logLimitBytes: 4 * 1024 * 1024,
      logLimitLines: 10_000,
      filesLimitBytes: Infinity,
    },
    {
      signal: request.signal ?? new AbortController().signal,
      onLog: (more) => lines.push(...more),
      onProgress: (step) => progress.push({ ...step, at: performance.now() }),
      startWithinMs: () => request.startWithinMs ?? null,
    },
  );
  if ("interrupted" in result) throw new Error(result.interrupted);
  return { result, lines, progress };
}

function toJson(value: unknown): JsonText {
  return JSON.stringify(value) as JsonText;
}

/** The number of threads of this process and of its executors, as Linux counts them. */
export async function countThreads(): Promise<number> {
  return (await threadFolders()).length;
}

/** Waits until there are no more threads than before. Fails with the names of all threads. */
export async function expectThreadsGone(before: number): Promise<void> {
  const gone = async (): Promise<boolean> => (await countThreads()) <= before;
  await until(`no more than ${before} threads`, gone, { timeoutMs: 30_000 }).catch(
    async (cause) => {
      const names = await Promise.all((await threadFolders()).map(threadName));
      throw new Error(`There were ${before} threads, now there are: ${names.join(", ")}`, {
        cause,
      });
    },
  );
}

async function threadFolders(): Promise<string[]> {
  const pids = [process.pid, ...(await childrenOf(process.pid))];
  const tasks = pids.map(async (pid) => {
    const folder = `/proc/${pid}/task`;
    // A process that has just ended has no threads.
    const ids = await readdir(folder).catch(() => []);
    return ids.map((id) => `${folder}/${id}`);
  });
  return (await Promise.all(tasks)).flat();
}

async function threadName(folder: string): Promise<string> {
  return (await readFile(`${folder}/comm`, "utf8").catch(() => "ended")).trim();
}
