import type { Clock } from "../../ports/clock.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { Log } from "../../ports/log.ts";
import type { ClaimedJobs } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import type { Beats } from "../upkeep/beat-loop.ts";
import type { Backstop } from "../bus/backstop.ts";
import { createLoop, type Loop } from "../loop.ts";
import { LEASE_MS } from "../upkeep/lease.ts";

/** The longest time between two claims, in ms, in case a wake-up was missed. */
const ALONE_MS = 5_000;
/** Until the next look, while the other daemons do not hear this one. */
const UNHEARD_MS = 500;

export interface ClaimLoop extends Loop {
  /** There is room for a job. Claims one if jobs can be ready that the last claim left. */
  onRoom(): void;
}

/** Claims jobs as threads become free. Wake it when a job is queued or plugins change. */
export function createClaimLoop(deps: {
  store: Pick<Store, "claimJobs" | "nextJobDue">;
  activeJobs: Pick<ActiveJobs, "room" | "reserve" | "start">;
  clock: Clock;
  log: Log;
  owner: string;
  catalog: Pick<PluginCatalog, "readyNames">;
  beats: Pick<Beats, "isHeard" | "latelyElsewhere">;
  /** How long a job waits for a plugin that no daemon can load, in ms. */
  pluginWaitMs: number;
  backstop: Backstop;
}): ClaimLoop {
  const { store, activeJobs, clock, log, owner, catalog, pluginWaitMs } = deps;
  let isReadyLeft = true;
  /** Whether there is more room than the last claim knew of. */
  let hasNewRoom = false;

  async function untilNextDue(): Promise<number> {
    const nextAt = await store.nextJobDue();
    const latestMs = deps.backstop(ALONE_MS);
    return nextAt === null ? latestMs : Math.min(latestMs, Math.max(0, nextAt - clock.now()));
  }

  async function claimAndStart(room: { limit: number; ahead: number }): Promise<ClaimedJobs> {
    const now = clock.now();
    const leave = activeJobs.reserve(room.limit + room.ahead);
    try {
      const claimed = await store.claimJobs({
        owner,
        ...room,
        now,
        leaseUntil: now + LEASE_MS,
        plugins: catalog.readyNames(),
        elsewhere: deps.beats.latelyElsewhere(),
        waitingSinceBefore: now - pluginWaitMs,
      });
      for (const job of claimed.jobs) activeJobs.start(job);
      return claimed;
    } finally {
      leave();
    }
  }

  async function tick(): Promise<number | null | (() => Promise<number>)> {
    // It would have to give back what it claims.
    if (!deps.beats.isHeard()) return UNHEARD_MS;
    const room = activeJobs.room();
    const wanted = room.limit + room.ahead;
    if (wanted === 0) {
      isReadyLeft = true;
      return null;
    }
    // Before the claim: a job that is queued during it sets this again.
    isReadyLeft = false;
    hasNewRoom = false;
    const { jobs, more, isNoneReady = false } = await claimAndStart(room);
    if (!isNoneReady) isReadyLeft = true;
    if (more || (hasNewRoom && isReadyLeft)) return 0;
    return jobs.length === wanted && isReadyLeft ? null : untilNextDue;
  }

  const loop = createLoop({ name: "claim", tick, clock, log });
  return {
    ...loop,
    wake() {
      isReadyLeft = true;
      loop.wake();
    },
    onRoom() {
      hasNewRoom = true;
      if (isReadyLeft) loop.wake();
    },
  };
}
