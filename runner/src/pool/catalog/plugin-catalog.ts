/** Every plugin there is: the built-in ones and what lies in PLUGINS_DIR, kept up to date. */
import { relative } from "node:path";
import type { Issue } from "../../domain/errors.ts";
import type { PluginCatalog, PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";
import type { PluginLocation } from "../plugin-pool.ts";
import { createJsonCheck, type JsonCheck } from "./check-json.ts";
import { findBuiltIns, findDroppedIn, type PluginFile } from "./find-plugins.ts";
import { assignNames, type NameHolders, type Read } from "./name-holders.ts";
import { scan, type ScanOptions } from "./scan.ts";
import { watchPlugins } from "./watch-plugins.ts";

export interface LivePluginCatalog extends PluginCatalog {
  /** Resolves when every plugin has been read once. */
  ready(): Promise<void>;
  locate(name: string): PluginLocation | null;
  /** Calls the listener after the plugins have changed; the function returned ends that. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

export interface PluginCatalogOptions {
  readonly builtinDir: string;
  /** May not exist yet. */
  readonly pluginsDir: string;
  /** Is told why the plugins could not be read; they stay as they were, and it is tried again. */
  readonly onError: (error: unknown) => void;
  /** How long importing one file may take. Default 10 s. */
  readonly importTimeoutMs?: number;
  /** How often PLUGINS_DIR is looked through, beside what the system tells of it. Default 2 s. */
  readonly rescanMs?: number;
  /** What plugins see as `process.env` when they are imported. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>;
}

const NO_VERSION = "0.0.0";

interface Entry {
  readonly info: PluginInfo;
  readonly file: string | null;
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
  const checks = new WeakMap<ReadyPlugin, Checks>();
  let builtIns: Read[] | null = null;
  let holders: NameHolders = new Map();
  let entries: readonly Entry[] = [];
  let byName: ReadonlyMap<string, Entry> = new Map();

  /** Reads PLUGINS_DIR anew, and the built-in plugins the first time: those do not change. */
  async function refresh(): Promise<void> {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const first = builtIns === null ? await findBuiltIns(builtinDir, extension) : [];
    const files = [...first, ...(await findDroppedIn(pluginsDir))];
    const read = await readAll(files, { importTimeoutMs, env, signal: closing.signal });
    if (closing.signal.aborted) return;
    builtIns ??= read.slice(0, first.length);
    const all = [...builtIns, ...read.slice(first.length)];
    holders = assignNames(all, holders);
    entries = toEntries(all, holders);
    byName = index(entries);
    for (const listener of listeners) listener();
  }

  const { signal } = closing;
  const watch = watchPlugins({ dir: pluginsDir, rescanMs, refresh, onError, signal });

  function checksOf(name: string): Checks | null {
    const info = byName.get(name)?.info;
    if (info?.status !== "ready") return null;
    let found = checks.get(info);
    if (found === undefined) {
      const { inputSchema, optionsSchema } = info;
      found = { input: createJsonCheck(inputSchema), options: createJsonCheck(optionsSchema) };
      checks.set(info, found);
    }
    return found;
  }

  return {
    list: () => entries.map((entry) => entry.info),
    get: (name) => byName.get(name)?.info ?? null,
    checkInput: (name, input): readonly Issue[] => checksOf(name)?.input(input) ?? [],
    checkOptions: (name, value): readonly Issue[] => checksOf(name)?.options(value) ?? [],
    ready: () => watch.ready,
    locate(name) {
      const entry = byName.get(name);
      if (entry === undefined) return null;
      const { info, file } = entry;
      if (info.status === "broken") return { error: info.error };
      return file === null ? null : { file, timeoutMs: info.timeoutMs };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closing.abort();
      await watch.ended;
    },
  };
}

async function readAll(files: readonly PluginFile[], options: ScanOptions): Promise<Read[]> {
  const importable = files.flatMap(({ file }) => (file === null ? [] : [file]));
  const answers = await scan(importable, options);
  const byFile = new Map(importable.map((file, at) => [file, answers[at]]));
  return files.map((found) => ({
    found,
    answer: byFile.get(found.file ?? "") ?? { ok: false, error: found.error ?? "not read" },
  }));
}

/** Of two plugins with one name the holder counts; the other one is broken. */
function toEntries(read: readonly Read[], holders: NameHolders): Entry[] {
  const entries = read.map(({ found, answer }): Entry => {
    const { source, label, file } = found;
    if (!answer.ok) {
      return { info: { name: label, source, status: "broken", error: answer.error }, file };
    }
    const { name } = answer.plugin;
    const holder = holders.get(name) ?? found;
    if (holder.path === found.path) {
      const version = answer.plugin.version ?? found.version ?? NO_VERSION;
      return { info: { ...answer.plugin, version, source, status: "ready" }, file };
    }
    return { info: { name, source, status: "broken", error: clash(name, found, holder) }, file };
  });
  return entries.toSorted((a, b) => compare(a.info.name, b.info.name));
}

function clash(name: string, found: PluginFile, holder: PluginFile): string {
  const held =
    holder.source === "built-in"
      ? `is a built-in plugin (${relative(process.cwd(), holder.path)}), which a file may not replace`
      : `is taken by ${holder.source}`;
  return `${found.source} calls itself "${name}", but that name ${held}: choose another name`;
}

/** A ready plugin stands before broken ones of its name. */
function index(entries: readonly Entry[]): Map<string, Entry> {
  const byName = new Map<string, Entry>();
  for (const entry of entries) {
    const { name, status } = entry.info;
    if (status === "ready" || !byName.has(name)) byName.set(name, entry);
  }
  return byName;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
