import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Settings } from "../config.ts";
import type { ExecutorDrain, ExecutorEnd } from "../executor/supervisor.ts";
import { createRecentEnds, type RecentEnds } from "../executor/recent-ends.ts";
import { createPluginCatalog, type LivePluginCatalog } from "../pool/catalog/plugin-catalog.ts";
import { createPluginPool } from "../pool/plugin-pool.ts";
import type { Clock } from "../ports/clock.ts";
import type { PluginInfo, ReadyPlugin } from "../ports/plugin-catalog.ts";
import type { PluginPool } from "../ports/plugin-pool.ts";
import type { StoredSecrets } from "../ports/stored-secrets.ts";
import { createPluginSecrets } from "../secrets/plugin-secrets.ts";
import { cannotReadPluginsDir } from "./cannot-start.ts";
import { contentsPath } from "./contents-path.ts";
import { fetchEgress } from "./egress.ts";
import { readPluginMemory, type PluginMemory } from "./plugin-memory.ts";
import { memoryFlagWarnings, missingPluginsDirWarning } from "./setting-warnings.ts";
import { systemClock } from "../system/clock.ts";

export const BUILT_IN_PLUGINS = fileURLToPath(new URL("../plugins", import.meta.url));

export interface OpenPlugins {
  readonly catalog: LivePluginCatalog;
  /**
   * Starts the process that runs plugins. A second call returns the same pool. `contentsDir` is the folder
   * for the contents of files, in place of the daemon's.
   */
  createPool(options?: { readonly contentsDir?: string }): PluginPool;
  /** How the processes that ran plugins ended in the last hour. */
  readonly executorEnds: RecentEnds["list"];
  close(): Promise<void>;
}

export interface PluginListeners {
  /** The plugins could not be read. */
  readonly onError?: (error: unknown) => void;
  /** PLUGINS_DIR contains more files than are watched. */
  readonly onOverLimit?: (dir: string, limit: number) => void;
  /** Receives each plugin of PLUGINS_DIR when it was loaded, and when it was loaded again with changed files. */
  readonly onLoaded?: (plugin: ReadyPlugin) => void;
  /** Receives the plugins after each scan, the first included. */
  readonly onChange?: (plugins: readonly PluginInfo[]) => void;
  /** A process that ran plugins has ended, and is replaced. */
  readonly onExecutorEnd?: (end: ExecutorEnd) => void;
  /** A process that runs plugins gets no further step, and is replaced. */
  readonly onExecutorDrain?: (drain: ExecutorDrain) => void;
  /** Receives what a process that runs plugins prints outside the plugins' consoles. */
  readonly onExecutorOutput?: (text: string) => void;
  readonly say?: (line: string) => void;
  /** Times the steps. Default: the system's. */
  readonly clock?: Clock;
  /** The secrets that were set by the API. Default: none. */
  readonly storedSecrets?: StoredSecrets | null;
  /** Default: what the daemon of the data folder has stored, if there is one. */
  readonly memory?: PluginMemory;
}

/** Reads the plugins. Needs no store, no port and no data folder. Throws `CannotStart`. */
export async function openPlugins(
  settings: Settings,
  {
    onError = (error) => toStderr(`The plugins could not be read: ${String(error)}`),
    onOverLimit = () => {},
    onLoaded = () => {},
    onChange = () => {},
    onExecutorEnd = () => {},
    onExecutorDrain = () => {},
    onExecutorOutput = toStderr,
    say = toStderr,
    clock = systemClock,
    storedSecrets = null,
    memory = readPluginMemory(settings, (error) =>
      toStderr(
        `Warning: a broken file does not keep its name here, because the daemon's stored names cannot be read: ${String(error)}`,
      ),
    ),
  }: PluginListeners = {},
): Promise<OpenPlugins> {
  const { env } = settings;
  const pluginsDir = resolve(settings.pluginsDir);
  await readdir(pluginsDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw cannotReadPluginsDir(error, settings);
    const warning = missingPluginsDirWarning(settings);
    if (warning !== null) say(warning);
  });
  for (const warning of memoryFlagWarnings(env)) say(warning);
  const catalog = createPluginCatalog({
    builtinDir: BUILT_IN_PLUGINS,
    pluginsDir,
    onError,
    onOverLimit,
    onLoaded,
    rememberMs: settings.pluginWaitMs,
    now: () => clock.now(),
    ...memory,
    secrets: createPluginSecrets(settings.pluginSecrets, storedSecrets),
    env,
  });
  catalog.onChange(() => onChange(catalog.list()));
  await catalog.ready();
  const ends = createRecentEnds(() => clock.now());
  let pool: PluginPool | null = null;
  return {
    catalog,
    createPool({ contentsDir = contentsPath(settings) } = {}) {
      pool ??= createPluginPool({
        catalog,
        clock,
        threads: settings.threads,
        env,
        withholdsEnv: settings.pluginEnv === "declared",
        filesDir: resolve(settings.filesDir ?? join(settings.dataDir, "files")),
        contentsDir,
        fileLimitBytes: settings.fileLimit,
        egress: fetchEgress(settings),
        memoryMb: settings.threadMemoryMb,
        executorMemoryMb: settings.executorMemoryMb,
        outputLimitBytes: settings.outputLimit,
        graceMs: settings.graceMs,
        pluginTimeoutMs: settings.pluginTimeoutMs,
        onExecutorEnd(end) {
          ends.onEnd(end);
          onExecutorEnd(end);
        },
        onExecutorDrain(drain) {
          ends.onDrain(drain);
          onExecutorDrain(drain);
        },
        onExecutorOutput,
      });
      return pool;
    },
    executorEnds: () => ends.list(),
    async close() {
      await pool?.close();
      await catalog.close();
    },
  };
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
