import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { JobSignal } from "../../ports/job-signal.ts";
import type { Log } from "../../ports/log.ts";
import type { Claim } from "../../ports/store/jobs.ts";
import type { BatchPosition, JobPosition } from "../../ports/store/positions.ts";
import type { Store } from "../../ports/store/store.ts";
import type { ActiveJobs } from "../jobs/active-jobs.ts";
import type { JobSignals } from "../jobs/job-signals.ts";
import type { LiveFeed } from "../live/live-feed.ts";
import { createLoop, type Loop } from "../loop.ts";
import { WATCH_AGAIN_MS, type Peers } from "./peers.ts";

const EVERY_MS = 500;

type Position = JobPosition | BatchPosition;

/**
 * Finds out by itself what the other daemons may have told: looks at everything that somebody listens to here,
 * and at the jobs that run here, in one read. A daemon that is alone has no need of it.
 */
export function createWatchLoop(deps: {
  bus: Pick<Bus, "state">;
  store: Pick<Store, "positions">;
  signals: Pick<JobSignals, "ids" | "tell" | "tidy">;
  feed: Pick<LiveFeed, "hasListeners" | "missed">;
  peers: Pick<Peers, "watch" | "watchEverything" | "tidy">;
  activeJobs: Pick<ActiveJobs, "claims" | "drop">;
  clock: Clock;
  log: Log;
}): Loop {
  const { bus, store, signals, feed, peers, activeJobs, clock, log } = deps;
  /** Where each job and batch was that somebody listens to. */
  let seen = new Map<string, string>();
  let askedAt = clock.monotonic();

  function askAgain(ids: readonly string[]): void {
    if (clock.monotonic() - askedAt < WATCH_AGAIN_MS) return;
    askedAt = clock.monotonic();
    for (const id of ids) peers.watch(id);
    if (feed.hasListeners()) peers.watchEverything();
    // Nothing tells which of all jobs have changed.
    if (bus.state() === "down") feed.missed();
    peers.tidy();
    signals.tidy();
  }

  function tellListeners(ids: readonly string[], found: ReadonlyMap<string, Position>): void {
    const now = new Map<string, string>();
    for (const id of ids) {
      const position = found.get(id);
      const place = JSON.stringify(position ?? null);
      now.set(id, place);
      // The first look tells too: the change can have come before it.
      const signal = seen.get(id) === place ? null : toSignal(position);
      if (signal !== null) signals.tell(id, signal);
    }
    seen = now;
  }

  async function tick(): Promise<number | null> {
    if (bus.state() === "alone") return null;
    const ids = signals.ids();
    askAgain(ids);
    const claims = activeJobs.claims();
    const all = new Set([...ids, ...claims.map(({ jobId }) => jobId)]);
    if (all.size === 0) return EVERY_MS;
    const positions = await store.positions([...all]);
    const found = new Map(positions.map((position) => [position.id, position]));
    tellListeners(ids, found);
    const lost = claims.filter((claim) => !isValid(claim, found.get(claim.jobId)));
    const jobs = activeJobs.drop(lost);
    if (jobs > 0) log.warn({ jobs }, "claims.lost");
    return EVERY_MS;
  }

  return createLoop({ name: "watch", tick, clock, log });
}

function isValid({ fence, owner }: Claim, position: Position | undefined): boolean {
  if (position?.kind !== "job" || position.status !== "running") return false;
  return position.fence === fence && position.owner === owner;
}

function toSignal(position: Position | undefined): JobSignal | null {
  if (position === undefined) return { kind: "removed" };
  if (position.kind === "job") return { kind: "changed", status: position.status };
  return position.endedAt === null ? null : { kind: "batch-ended" };
}
