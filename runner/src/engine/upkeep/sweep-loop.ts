import type { FileContents } from "../../ports/file-contents.ts";
import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { FileWriters } from "../files/file-writers.ts";
import { createLoop, type Loop } from "../loop.ts";

/** The tick ends with the group after this time: a longer one would delay the daemon's stop. */
const TICK_MS = 100;
const BETWEEN_TICKS_MS = 50;
const BETWEEN_SWEEPS_MS = 60 * 60_000;
/** How long a step of another daemon can take from its writes to its end. */
const OTHERS_GRACE_MS = 24 * 60 * 60_000;
/** Clocks of disks and of the daemon can differ a little. */
const CLOCK_MARGIN_MS = 60_000;

/**
 * Deletes the contents that no file has, group after group. Jobs and uploads in progress have contents
 * whose files are not stored yet, so what was written since the oldest of them began is left.
 */
export function createSweepLoop(deps: {
  readonly store: Pick<Store, "usedContents">;
  readonly contents: Pick<FileContents, "groups" | "sweep">;
  readonly writers: Pick<FileWriters, "oldestAt">;
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: Pick<Bus, "state">;
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal;
}): Loop {
  const { store, contents, writers, clock, log, bus, stopping } = deps;
  /** Those that are left of this sweep. */
  let groups: string[] = [];
  let swept = { removed: 0, bytes: 0 };
  let failed: { readonly group: string; readonly err: unknown }[] = [];

  function writtenBefore(): number {
    const own = writers.oldestAt() - CLOCK_MARGIN_MS;
    return bus.state() === "alone" ? own : Math.min(own, clock.now() - OTHERS_GRACE_MS);
  }

  /** A group that cannot be swept must not keep the others from it. */
  async function sweep(group: string): Promise<void> {
    try {
      const { removed, bytes } = await contents.sweep(group, {
        writtenBefore: writtenBefore(),
        used: (sha256s) => store.usedContents(sha256s),
        signal: stopping,
      });
      swept = { removed: swept.removed + removed, bytes: swept.bytes + bytes };
    } catch (err) {
      failed.push({ group, err });
    }
  }

  function report(): void {
    if (swept.removed > 0) log.info(swept, "files.swept");
    const [first] = failed;
    if (first !== undefined) log.error({ ...first, groups: failed.length }, "files.not-swept");
    swept = { removed: 0, bytes: 0 };
    failed = [];
  }

  async function tick(): Promise<number> {
    if (groups.length === 0) groups = [...(await contents.groups())];
    const endsAt = clock.monotonic() + TICK_MS;
    while (groups.length > 0 && clock.monotonic() < endsAt) await sweep(groups.shift()!);
    if (groups.length > 0) return BETWEEN_TICKS_MS;
    report();
    return BETWEEN_SWEEPS_MS;
  }
  return createLoop({ name: "sweep", tick, clock, log });
}
