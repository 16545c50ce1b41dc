import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Host } from "../../ports/host.ts";
import type { Log } from "../../ports/log.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { PluginPool } from "../../ports/plugin-pool.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";

const ALONE_MS = 60_000;
const SHARED_MS = 1_000;
/** Others take over the work of a daemon that was silent for this long. */
const SILENT_MS = 3_000;
/** While this daemon beats at least this often, another one that has been silent for longer is alone with that. */
const SURE_MS = SILENT_MS - SHARED_MS;
/** What begins before the others take over must have ended its first moments by then. */
const HEARD_MS = SILENT_MS - 500;
/** A daemon that is up misses no more than a few beats, on a slow or full disk. */
const MAX_GAP_MS = 5 * ALONE_MS;

/** Tells the store that this daemon is up, and learns what the others can do. */
export interface Beats {
  /** Resolves when a beat is stored. Before the first, nothing of this daemon may be judged. */
  beat(): Promise<void>;
  /** When the first beat was begun. Before it, now. */
  startedAt(): number;
  /** Beats until the loop is stopped, which stores that the daemon is no longer up. */
  start(): Loop;
  /**
   * Whether the other daemons had the time to beat too since this one could not. After a time without
   * the store all have been silent, and none may take over the work of the others yet.
   */
  canJudge(): boolean;
  /** Whether the other daemons know that this one is up. Otherwise they may have taken over its work. */
  readonly isHeard: () => boolean;
  /** For how long this daemon is heard without another beat, in ms. Null if it is alone. */
  readonly heardForMs: () => number | null;
  /** The plugins of the other daemons that were up at the last beat. */
  elsewhere(): readonly string[];
  /** Also those that another daemon had within the time that a job waits for a plugin. */
  latelyElsewhere(): readonly string[];
}

export function createBeats(deps: {
  store: Pick<Store, "beat">;
  bus: Pick<Bus, "state">;
  catalog: Pick<PluginCatalog, "readyNames">;
  clock: Clock;
  host: Pick<Host, "name" | "processId" | "version" | "uptimeMs">;
  pool: Pick<PluginPool, "size">;
  log: Log;
  owner: string;
  pluginWaitMs: number;
}): Beats {
  const { store, bus, catalog, clock, host, pool, log, owner, pluginWaitMs } = deps;
  let startedAt: number | null = null;
  let elsewhere: readonly string[] = [];
  /** When each plugin was last elsewhere. */
  const seenAt = new Map<string, number>();
  const isAlone = (): boolean => bus.state() === "alone";
  let lastBeatAt = Number.NEGATIVE_INFINITY;
  let lastBeatUptimeMs = Number.NEGATIVE_INFINITY;
  /** The first of the beats that followed one another without a gap. */
  let firstBeatAt = Number.POSITIVE_INFINITY;

  async function storeBeat(upForMs: number): Promise<void> {
    const now = clock.now();
    const at = clock.monotonic();
    const uptimeMs = host.uptimeMs();
    elsewhere = await store.beat({
      owner,
      identity: {
        host: host.name,
        processId: host.processId,
        version: host.version,
        startedAt: (startedAt ??= now),
        threads: pool.size,
      },
      now,
      until: now + upForMs,
      plugins: catalog.readyNames(),
      maxGapMs: MAX_GAP_MS,
    });
    if (at - lastBeatAt > SURE_MS) firstBeatAt = clock.monotonic();
    lastBeatAt = at;
    lastBeatUptimeMs = uptimeMs;
    for (const plugin of elsewhere) seenAt.set(plugin, clock.monotonic());
  }

  function latelyElsewhere(): readonly string[] {
    const from = clock.monotonic() - pluginWaitMs;
    for (const [plugin, at] of seenAt) {
      if (at < from && !elsewhere.includes(plugin)) seenAt.delete(plugin);
    }
    return [...seenAt.keys()];
  }

  function heardForMs(): number | null {
    if (isAlone()) return null;
    // While the machine was suspended, the monotonic clock stood still and the others went on.
    const sinceMs = Math.max(clock.monotonic() - lastBeatAt, host.uptimeMs() - lastBeatUptimeMs);
    return HEARD_MS - sinceMs;
  }

  const beat = (): Promise<void> => storeBeat(isAlone() ? MAX_GAP_MS : SILENT_MS);

  return {
    beat,
    startedAt: () => startedAt ?? clock.now(),
    canJudge: () => {
      if (isAlone()) return true;
      const now = clock.monotonic();
      return now - lastBeatAt <= SURE_MS && now - firstBeatAt >= SILENT_MS;
    },
    heardForMs,
    isHeard: () => (heardForMs() ?? Infinity) > 0,
    elsewhere: () => elsewhere,
    latelyElsewhere,
    start() {
      async function tick(): Promise<number> {
        await beat();
        return isAlone() ? ALONE_MS : SHARED_MS;
      }
      const loop = createLoop({ name: "beat", tick, clock, log });
      return {
        ...loop,
        async stop() {
          await loop.stop();
          if (isAlone()) return;
          // The others take over at once. Otherwise they notice when it has been silent.
          await storeBeat(-1).catch((error: unknown) => log.warn({ err: error }, "beat.failed"));
        },
      };
    },
  };
}
