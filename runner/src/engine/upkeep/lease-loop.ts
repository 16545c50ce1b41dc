import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { ActiveJobs } from "../jobs/active-jobs.ts";
import { LEASE_MS } from "../jobs/claim-loop.ts";
import { createLoop, type Loop } from "../loop.ts";

/** A lease spans three renewals, so that two missed ones do not lose the job. */
const EVERY_MS = LEASE_MS / 3;

/** Renews the leases of the running jobs, then puts jobs with an expired lease back into the queue. */
export function createLeaseLoop(deps: {
  store: Pick<Store, "renewLeases" | "reap">;
  activeJobs: Pick<ActiveJobs, "claims">;
  clock: Clock;
  log: Log;
  owner: string;
  onFreed: () => void;
}): Loop {
  const { store, activeJobs, clock, log, owner, onFreed } = deps;

  async function tick(): Promise<number> {
    const claims = activeJobs.claims();
    if (claims.length > 0) {
      await store.renewLeases(claims, { leaseUntil: clock.now() + LEASE_MS });
    }
    const freed = await store.reap({ owner, now: clock.now() });
    if (freed > 0) {
      log.warn({ jobs: freed }, "leases.reaped");
      onFreed();
    }
    return EVERY_MS;
  }

  return createLoop({ name: "lease", tick, clock, log });
}
