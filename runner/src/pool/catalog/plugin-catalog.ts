/** All plugins: the built-in ones and those in PLUGINS_DIR, kept up to date. */
import { relative } from "node:path";
import type { Issue } from "../../domain/errors.ts";
import type { PluginCatalog, PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";
import type { PluginLocation } from "../plugin-pool.ts";
import { createBrokenRetry } from "./broken-retry.ts";
import { createJsonCheck, type JsonCheck } from "./check-json.ts";
import type { PluginFile } from "./find-plugins.ts";
import { createKnownPlugins, type KnownPlugin, type KnownPlugins } from "./known-plugins.ts";
import { assignNames, type NameOwners, type ScannedFile } from "./name-owners.ts";
import { createNewlyLoaded } from "./newly-loaded.ts";
import { createPluginReader } from "./plugin-reader.ts";
import { MAX_STAMPED } from "./stamps.ts";
import { createCatalogSecrets } from "./catalog-secrets.ts";
import type { PluginSecrets } from "../../ports/plugin-secrets.ts";
import type { ImportedFile } from "../messages.ts";
import { watchPlugins } from "./watch-plugins.ts";
import { systemClock } from "../../system/clock.ts";

export interface LivePluginCatalog extends PluginCatalog {
  /** Resolves when all plugins have been read once. A read that fails is repeated until then. */
  ready(): Promise<void>;
  locate(name: string): PluginLocation | null;
  close(): Promise<void>;
}

export interface PluginCatalogOptions {
  readonly builtinDir: string;
  /** Does not have to exist yet. */
  readonly pluginsDir: string;
  /** Called when the plugins could not be read. The catalog stays as it was, and reads them again later. */
  readonly onError: (error: unknown) => void;
  /** Called when PLUGINS_DIR contains more files than are watched, once until it contains fewer. */
  readonly onOverLimit?: (dir: string, limit: number) => void;
  /** Time limit for importing one file. Default 10 s. A file that exceeds it is read again with a longer one. */
  readonly importTimeoutMs?: number;
  /** How often PLUGINS_DIR is checked, in addition to file system events. Default 2 s. */
  readonly rescanMs?: number;
  /** When broken plugins are read again for the first time. Default 2 s. */
  readonly retryMs?: number;
  /** How long a plugin's schemas are known after it has stopped being ready. Default 1 hour. */
  readonly rememberMs?: number;
  /** The clock of the instants that are stored with the known plugins. Default: the system's. */
  readonly now?: () => number;
  /** The plugins that were known before the start. */
  readonly knownBefore?: () => Promise<readonly KnownPlugin[]>;
  /** Receives the known plugins after each scan. */
  readonly onKnown?: (known: readonly KnownPlugin[]) => void;
  /** Receives each plugin of PLUGINS_DIR when it was loaded, and when it was loaded again with changed files. */
  readonly onLoaded?: (plugin: ReadyPlugin) => void;
  /** What plugins declare as `secrets`. Default: none can be found. */
  readonly secrets?: PluginSecrets;
  /** `process.env` of plugins while they are imported. Default: empty. */
  readonly env?: Readonly<Record<string, string>>;
}

const NO_VERSION = "0.0.0";

interface Entry {
  readonly info: PluginInfo;
  readonly path: string;
  readonly file: string | null;
  readonly ownsName: boolean;
}

interface Checks {
  readonly input: JsonCheck;
  readonly options: JsonCheck;
}

export function createPluginCatalog(options: PluginCatalogOptions): LivePluginCatalog {
  const { builtinDir, pluginsDir, onError, importTimeoutMs = 10_000, rescanMs = 2000 } = options;
  const env = { ...options.env };
  const closing = new AbortController();
  const listeners = new Set<() => void>();
  const toChecks = rememberChecks();
  let entries: readonly Entry[] = [];
  let byName: ReadonlyMap<string, Entry> = new Map();
  let readyNames: readonly string[] = [];
  const rememberMs = options.rememberMs ?? 60 * 60_000;
  let known: KnownPlugins | null = null;
  const secrets = createCatalogSecrets(options.secrets);
  const newlyLoaded = createNewlyLoaded();
  const reader = createPluginReader({ builtinDir, pluginsDir, importTimeoutMs, env });
  const retry = createBrokenRetry({
    hasBroken: () => reader.hasBroken(),
    async readBroken(signal) {
      if (await reader.readBroken(signal, { isSlow: false })) await publish();
      if (await reader.readBroken(signal, { isSlow: true })) await publish();
    },
    onError,
    firstMs: options.retryMs ?? 2000,
  });

  async function refresh(): Promise<void> {
    await retry.stop();
    try {
      await reader.readAll(closing.signal);
      known ??= createKnownPlugins((await options.knownBefore?.()) ?? [], {
        rememberMs,
        now: options.now ?? (() => systemClock.now()),
      });
      if (!closing.signal.aborted) await publish();
    } finally {
      if (!closing.signal.aborted) retry.start();
    }
  }

  async function publish(): Promise<void> {
    if (known === null) return;
    await secrets.refresh(declaredSecrets(reader.files()));
    const nameOf: KnownPlugins["nameOf"] = (source) => known?.nameOf(source) ?? null;
    const read = toEntries(reader.files(), assignNames(reader.files(), nameOf), nameOf);
    // A plugin without its secrets is known: its jobs are accepted, and wait.
    known.update(read.map(({ info }) => info));
    entries = read.map((entry) => ({ ...entry, info: secrets.check(entry.info) }));
    byName = index(entries);
    options.onKnown?.(known.all());
    const loaded = newlyLoaded(reader.files());
    for (const { info, path } of entries) {
      if (info.status === "ready" && loaded.has(path)) options.onLoaded?.(info);
    }
    readyNames = entries.flatMap(({ info }) => (info.status === "ready" ? [info.name] : []));
    for (const listener of listeners) listener();
  }

  const watch = watchPlugins({
    dir: pluginsDir,
    rescanMs,
    refresh,
    imported: () => [...importedBy(reader.files()), ...secrets.files()],
    onError,
    onOverLimit: () => options.onOverLimit?.(pluginsDir, MAX_STAMPED),
    signal: closing.signal,
  });

  const checksOf = (name: string): Checks | null => {
    const info = known?.get(name) ?? null;
    return info && toChecks(info);
  };

  return {
    list: () => entries.map((entry) => entry.info),
    get: (name) => byName.get(name)?.info ?? null,
    known: (name) => known?.get(name) ?? null,
    checkInput: (name, input): readonly Issue[] => checksOf(name)?.input(input) ?? [],
    checkOptions: (name, value): readonly Issue[] => checksOf(name)?.options(value) ?? [],
    ready: () => watch.ready,
    readyNames: () => readyNames,
    recheck: () => watch.refreshNow(),
    recheckSecrets: publish,
    locate(name) {
      const entry = byName.get(name);
      if (entry === undefined) return null;
      const { info, file } = entry;
      if (info.status === "broken") return { error: info.error };
      const found = secrets.find(info.secrets);
      if ("error" in found) return found;
      if (file === null) return null;
      return { file, timeoutMs: info.timeoutMs, secrets: found.values, env: info.env };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closing.abort();
      await watch.ended;
      await retry.stop();
    },
  };
}

/** Schemas are compiled once per plugin. */
function rememberChecks(): (info: ReadyPlugin) => Checks {
  const checks = new WeakMap<ReadyPlugin, Checks>();
  return (info) => {
    let found = checks.get(info);
    if (found === undefined) {
      const { inputSchema, optionsSchema } = info;
      found = { input: createJsonCheck(inputSchema), options: createJsonCheck(optionsSchema) };
      checks.set(info, found);
    }
    return found;
  };
}

function importedBy(files: readonly ScannedFile[]): ImportedFile[] {
  return files.flatMap(({ answer }) => answer.imported);
}

function declaredSecrets(files: readonly ScannedFile[]): string[] {
  return files.flatMap(({ answer }) => (answer.ok ? answer.plugin.secrets : []));
}

/** Of two plugins with one name, the one that does not own the name is broken. */
function toEntries(
  scanned: readonly ScannedFile[],
  owners: NameOwners,
  nameBefore: KnownPlugins["nameOf"],
): Entry[] {
  const entries = scanned.map(({ found, answer }): Entry => {
    const { source, label, file, path } = found;
    const toEntry = (info: PluginInfo): Entry => ({
      info,
      path,
      file,
      ownsName: owners.get(info.name)?.path === found.path,
    });
    if (!answer.ok) {
      const name = nameBefore(source) ?? label;
      const shown = owners.get(name)?.path === path ? name : label;
      return toEntry({ name: shown, source, status: "broken", error: answer.error });
    }
    const { name } = answer.plugin;
    const owner = owners.get(name) ?? found;
    if (owner.path === found.path) {
      const version = answer.plugin.version ?? found.version ?? NO_VERSION;
      return toEntry({ ...answer.plugin, version, source, status: "ready" });
    }
    return toEntry({ name, source, status: "broken", error: clash(name, found, owner) });
  });
  return entries.toSorted((a, b) => compare(a.info.name, b.info.name));
}

function clash(name: string, found: PluginFile, owner: PluginFile): string {
  const reason =
    owner.source === "built-in"
      ? `belongs to a built-in plugin (${relative(process.cwd(), owner.path)}), which a file cannot replace`
      : `belongs to ${owner.source}`;
  return `${found.source} declares the name "${name}", which ${reason}: it must have another name`;
}

/** The plugin that owns a name takes precedence over broken ones with the same name. */
function index(entries: readonly Entry[]): Map<string, Entry> {
  const byName = new Map<string, Entry>();
  for (const entry of entries) {
    const { name } = entry.info;
    if (entry.ownsName || !byName.has(name)) byName.set(name, entry);
  }
  return byName;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
