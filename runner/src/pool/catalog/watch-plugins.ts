/**
 * Calls `refresh` immediately, and after each change in the directory once the files have stayed the
 * same for a moment, so that no half-written file is read. A failed refresh is repeated at the next
 * check. fs.watch makes this fast. The check every `rescanMs` finds what fs.watch misses: nested
 * folders, network drives, a directory that is created later.
 */
import { watch, type FSWatcher } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createWakeSignal } from "../../system/wake-signal.ts";
import type { ImportedFile } from "../messages.ts";
import { stampsNow, stampsWhenImported, stampTree } from "./stamps.ts";
import { systemClock } from "../../system/clock.ts";

const SETTLE_MS = 100;
/** Limit for a directory that changes all the time, such as one that a plugin writes to. */
const MAX_SETTLE_MS = 2_000;

export interface PluginsWatch {
  /** Resolves when a refresh has succeeded, or when the watch has ended. */
  readonly ready: Promise<void>;
  /** Refreshes although nothing has changed. Resolves when a refresh that began after the call has ended. */
  refreshNow(): Promise<void>;
  /** Resolves when the watch has ended, after the signal was aborted. */
  readonly ended: Promise<void>;
}

export function watchPlugins(options: {
  dir: string;
  rescanMs: number;
  refresh: () => Promise<void>;
  /** The files that the last refresh imported. A change of one of them is a change as well. */
  imported?: () => readonly ImportedFile[];
  /** Called when the directory contains more files than have stamps, once until it contains fewer. */
  onOverLimit?: () => void;
  /** Called at most once per check, when the directory could not be read. */
  onError: (error: unknown) => void;
  signal: AbortSignal;
}): PluginsWatch {
  const { dir, rescanMs, refresh, imported = () => [], onOverLimit, onError, signal } = options;
  const { wake, wait } = createWakeSignal();
  signal.addEventListener("abort", wake, { once: true });
  const ready = Promise.withResolvers<void>();

  let wasOverLimit = false;
  let asked: PromiseWithResolvers<void> | null = null;

  async function run(): Promise<void> {
    let watcher = openWatcher(dir, wake);
    let seen = await refreshAs(await readStamp(ignore));
    while (!signal.aborted) {
      await wait(rescanMs);
      // Opens a new watcher each time: one of a deleted directory does not see its replacement.
      watcher?.close();
      watcher = openWatcher(dir, wake);
      const stamp = await readStamp(onError);
      if (stamp === null || signal.aborted) continue;
      const isSame = stamp.tree === seen?.tree && stamp.imports === stampsWhenImported(imported());
      if (isSame && asked === null) continue;
      const settled = await untilUnchanged(stamp);
      const answering = asked;
      asked = null;
      if (!signal.aborted) seen = await refreshAs(settled);
      answering?.resolve();
    }
    watcher?.close();
    ready.resolve();
    asked?.resolve();
  }

  /** Null when the directory cannot be read now. */
  async function readStamp(report: (error: unknown) => void): Promise<Stamp | null> {
    try {
      const { text, isOverLimit } = await stampTree(dir);
      if (isOverLimit && !wasOverLimit) onOverLimit?.();
      wasOverLimit = isOverLimit;
      return { tree: text, imports: await stampsNow(imported()) };
    } catch (error) {
      report(error);
      return null;
    }
  }

  /** Returns the stamp after a refresh that succeeded, otherwise null, so that the next check refreshes again. */
  async function refreshAs(stamp: Stamp | null): Promise<Stamp | null> {
    try {
      await refresh();
      ready.resolve();
      return stamp;
    } catch (error) {
      onError(error);
      return null;
    }
  }

  async function untilUnchanged(first: Stamp): Promise<Stamp> {
    const deadline = systemClock.monotonic() + MAX_SETTLE_MS;
    let before = first;
    while (!signal.aborted && systemClock.monotonic() < deadline) {
      await pause(SETTLE_MS, signal);
      const now = await readStamp(ignore);
      if (now === null || (now.tree === before.tree && now.imports === before.imports)) break;
      before = now;
    }
    return before;
  }

  function refreshNow(): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    asked ??= Promise.withResolvers();
    wake();
    return asked.promise;
  }

  return { ready: ready.promise, refreshNow, ended: run() };
}

interface Stamp {
  /** The directory's. */
  readonly tree: string;
  /** The imported files'. */
  readonly imports: string;
}

/** The refresh that follows reports the error if it persists. */
const ignore = (): void => {};

/** Null when the directory does not exist or the system is out of watches. */
function openWatcher(dir: string, onEvent: () => void): FSWatcher | null {
  try {
    const watcher = watch(dir, { persistent: false }, onEvent);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
  } catch {
    // The signal was aborted.
  }
}
