import type { Clock } from "../../ports/clock.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import { createLoop, type Loop } from "../loop.ts";

/** A job's lease, in ms. It is renewed three times before it expires. */
export const LEASE_MS = 30_000;
/** The longest time between two claims, in ms, in case a wake-up was missed. */
const BACKSTOP_MS = 5_000;

/** Claims jobs as threads become free. Wake it when a job is queued, a thread becomes free or plugins change. */
export function createClaimLoop(deps: {
  store: Pick<Store, "claimJobs" | "nextJobDue">;
  activeJobs: Pick<ActiveJobs, "room" | "start">;
  clock: Clock;
  log: Log;
  owner: string;
  catalog: Pick<PluginCatalog, "readyNames">;
  /** How long a job waits for a plugin that cannot be loaded, in ms. */
  pluginWaitMs: number;
}): Loop {
  const { store, activeJobs, clock, log, owner, catalog, pluginWaitMs } = deps;

  async function untilNextDue(): Promise<number> {
    const nextAt = await store.nextJobDue();
    return nextAt === null ? BACKSTOP_MS : Math.min(BACKSTOP_MS, Math.max(0, nextAt - clock.now()));
  }

  async function tick(): Promise<null | (() => Promise<number>)> {
    const { limit, ahead } = activeJobs.room();
    if (limit + ahead === 0) return null;
    const now = clock.now();
    const { jobs, more } = await store.claimJobs({
      owner,
      limit,
      ahead,
      now,
      leaseUntil: now + LEASE_MS,
      plugins: catalog.readyNames(),
      waitingSinceBefore: now - pluginWaitMs,
    });
    for (const job of jobs) activeJobs.start(job);
    if (more) return async () => 0;
    return jobs.length === limit + ahead ? null : untilNextDue;
  }

  return createLoop({ name: "claim", tick, clock, log });
}
