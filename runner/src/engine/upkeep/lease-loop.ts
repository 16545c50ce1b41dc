import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";
import type { Relay } from "../deliveries/relay-loop.ts";
import type { ActiveJobs } from "../jobs/active-jobs.ts";
import type { Beats } from "./beat-loop.ts";
import { createLoop, type Loop } from "../loop.ts";
import { LEASE_MS } from "./lease.ts";

/** A lease spans three renewals, so that two missed ones do not lose the job. */
const RENEW_MS = LEASE_MS / 3;
/** How often a daemon that is not alone looks for others that have stopped. */
const REAP_MS = 500;

/**
 * Renews the leases of what this process has claimed, stops work on what another daemon has claimed
 * since, then releases jobs and deliveries whose lease has expired or whose daemon has stopped.
 */
export function createLeaseLoop(deps: {
  store: Pick<Store, "renewLeases" | "reap">;
  bus: Pick<Bus, "state">;
  activeJobs: Pick<ActiveJobs, "claims" | "drop">;
  relay: Pick<Relay, "claims" | "drop">;
  beats: Pick<Beats, "canJudge">;
  clock: Clock;
  log: Log;
  owner: string;
  messages: Pick<Messages, "publish">;
}): Loop {
  const { store, bus, activeJobs, relay, beats, clock, log, owner, messages } = deps;
  let renewedAt = Number.NEGATIVE_INFINITY;

  async function renew(): Promise<void> {
    const claims = { jobs: activeJobs.claims(), deliveries: relay.claims() };
    if (claims.jobs.length + claims.deliveries.length === 0) return;
    const invalid = await store.renewLeases(claims, { leaseUntil: clock.now() + LEASE_MS });
    const jobs = activeJobs.drop(invalid.jobs);
    const deliveries = relay.drop(invalid.deliveries);
    if (jobs + deliveries > 0) log.warn({ jobs, deliveries }, "leases.lost");
  }

  async function reap(): Promise<void> {
    const freed = await store.reap({ owner, now: clock.now() });
    if (freed === 0) return;
    log.warn({ jobs: freed }, "leases.reaped");
    messages.publish({ kind: "jobs" });
  }

  async function tick(): Promise<number> {
    const at = clock.monotonic();
    if (at - renewedAt >= RENEW_MS) {
      await renew();
      renewedAt = at;
    }
    if (beats.canJudge()) await reap();
    return bus.state() === "alone" ? RENEW_MS : REAP_MS;
  }

  return createLoop({ name: "lease", tick, clock, log });
}
