/** Reads the plugin files, all of them or only the broken ones, and holds what the last reads found. */
import type { ScanAnswer } from "../messages.ts";
import { findBuiltIns, findDroppedIn, type PluginFile } from "./find-plugins.ts";
import type { ScannedFile } from "./name-owners.ts";
import { scan } from "./scan.ts";

/** How much longer the limit is for a file that has exceeded it: the machine may be busy. */
const SLOW_FACTOR = 6;
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";

export interface PluginReader {
  /** The files as they were last read, built-in plugins first. */
  files(): readonly ScannedFile[];
  /** Whether a plugin of PLUGINS_DIR is broken. What a built-in plugin lacks is installed before a start. */
  hasBroken(): boolean;
  /**
   * Reads PLUGINS_DIR again. Built-in plugins do not change, so they are only read the first time.
   * A file that exceeded its time limit is left to `readBroken`, so that no other plugin waits for it.
   */
  readAll(signal: AbortSignal): Promise<void>;
  /** Reads the broken plugins of PLUGINS_DIR again, either those that exceeded their time limit or the others. True if one has changed. */
  readBroken(signal: AbortSignal, which: { isSlow: boolean }): Promise<boolean>;
}

export function createPluginReader(options: {
  builtinDir: string;
  pluginsDir: string;
  importTimeoutMs: number;
  env: NodeJS.ProcessEnv;
}): PluginReader {
  const { builtinDir, pluginsDir, importTimeoutMs, env } = options;
  const slowFiles = new Set<string>();
  let builtIns: readonly ScannedFile[] | null = null;
  let droppedIn: readonly ScannedFile[] = [];

  const files = (): readonly ScannedFile[] => [...(builtIns ?? []), ...droppedIn];
  const limitOf = (file: string): number =>
    slowFiles.has(file) ? importTimeoutMs * SLOW_FACTOR : importTimeoutMs;

  async function readFiles(
    found: readonly PluginFile[],
    signal: AbortSignal,
  ): Promise<ScannedFile[]> {
    const importable = found.flatMap(({ file }) => (file === null ? [] : [file]));
    const answers = await scan(
      importable.map((file) => ({ file, limitMs: limitOf(file) })),
      { env, signal },
    );
    for (const [at, answer] of answers.entries()) {
      if (!answer.ok && answer.isTooSlow) slowFiles.add(importable[at] ?? "");
    }
    const byFile = new Map(importable.map((file, at) => [file, answers[at]]));
    return found.map((each) => ({
      found: each,
      answer: byFile.get(each.file ?? "") ?? notRead(each.error ?? "not read"),
    }));
  }

  return {
    files,
    hasBroken: () => droppedIn.some(({ answer }) => !answer.ok),
    async readAll(signal) {
      const first = builtIns === null ? await findBuiltIns(builtinDir, EXTENSION) : [];
      const found = await findDroppedIn(pluginsDir);
      const slow = byPath(droppedIn.filter(isTooSlow));
      const read = await readFiles(
        [...first, ...found.filter(({ path }) => !slow.has(path))],
        signal,
      );
      if (signal.aborted) return;
      builtIns ??= read.slice(0, first.length);
      const readNow = byPath(read.slice(first.length));
      droppedIn = found.flatMap(({ path }) => readNow.get(path) ?? slow.get(path) ?? []);
    },
    async readBroken(signal, { isSlow }) {
      const broken = byPath(
        droppedIn.filter((each) => !each.answer.ok && isTooSlow(each) === isSlow),
      );
      if (broken.size === 0) return false;
      const found = (await findDroppedIn(pluginsDir)).filter(({ path }) => broken.has(path));
      const read = await readFiles(found, signal);
      if (signal.aborted) return false;
      const changed = byPath(read.filter((now) => !isSame(now, broken.get(now.found.path))));
      droppedIn = droppedIn.map((each) => changed.get(each.found.path) ?? each);
      return changed.size > 0;
    },
  };
}

function byPath(files: readonly ScannedFile[]): Map<string, ScannedFile> {
  return new Map(files.map((each) => [each.found.path, each]));
}

function notRead(error: string): ScanAnswer {
  return { ok: false, error, isTooSlow: false, imported: [] };
}

function isTooSlow({ answer }: ScannedFile): boolean {
  return !answer.ok && answer.isTooSlow;
}

function isSame(a: ScannedFile, b: ScannedFile | undefined): boolean {
  return JSON.stringify([a.found, a.answer]) === JSON.stringify([b?.found, b?.answer]);
}
