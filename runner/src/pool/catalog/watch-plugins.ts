/**
 * Calls `refresh` at once, and whenever what lies in the directory has changed and then kept still
 * for a moment, so that a file is not read half-written; one that failed is tried again at the next
 * look. fs.watch makes that quick where it works; the look every `rescanMs` finds what it misses
 * (folders within, network drives, a directory that is made later).
 */
import { watch, type FSWatcher } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createWakeSignal } from "../../system/wake-signal.ts";
import { stampOf } from "./find-plugins.ts";

const SETTLE_MS = 100;
/** For a directory that never keeps still, as when a plugin writes its own files there. */
const MAX_SETTLE_MS = 2_000;

export interface PluginsWatch {
  /** The first refresh is done, or has failed. */
  readonly ready: Promise<void>;
  /** The watch has ended, after the signal was aborted. */
  readonly ended: Promise<void>;
}

export function watchPlugins(options: {
  dir: string;
  rescanMs: number;
  refresh: () => Promise<void>;
  /** Is told, once a look, why it could not read what lies there. */
  onError: (error: unknown) => void;
  signal: AbortSignal;
}): PluginsWatch {
  const { dir, rescanMs, refresh, onError, signal } = options;
  const { wake, wait } = createWakeSignal();
  signal.addEventListener("abort", wake, { once: true });
  const ready = Promise.withResolvers<void>();

  async function run(): Promise<void> {
    let watcher = openWatcher(dir, wake);
    let seen = await refreshAs(await readStamp(untold));
    ready.resolve();
    while (!signal.aborted) {
      await wait(rescanMs);
      // Anew each time: a directory that was deleted and made again is another one to the system.
      watcher?.close();
      watcher = openWatcher(dir, wake);
      const stamp = await readStamp(onError);
      if (stamp === null || stamp === seen || signal.aborted) continue;
      const still = await settled(stamp);
      if (!signal.aborted) seen = await refreshAs(still);
    }
    watcher?.close();
  }

  /** Null when the directory cannot be read just now: what is known of it stays. */
  async function readStamp(tell: (error: unknown) => void): Promise<string | null> {
    try {
      return await stampOf(dir);
    } catch (error) {
      tell(error);
      return null;
    }
  }

  /** The stamp that is read now; null when it could not be, so that the next look tries again. */
  async function refreshAs(stamp: string | null): Promise<string | null> {
    try {
      await refresh();
      return stamp;
    } catch (error) {
      onError(error);
      return null;
    }
  }

  async function settled(first: string): Promise<string> {
    const deadline = performance.now() + MAX_SETTLE_MS;
    let before = first;
    while (!signal.aborted && performance.now() < deadline) {
      await pause(SETTLE_MS, signal);
      const now = await readStamp(untold);
      if (now === null || now === before) break;
      before = now;
    }
    return before;
  }

  return { ready: ready.promise, ended: run() };
}

/** What the refresh that follows will tell, if it still is so. */
const untold = (): void => {};

/** Null where the directory is not there or the system has no watch left to give. */
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
    // Woken early.
  }
}
