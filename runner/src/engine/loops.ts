import { createBulkLoop } from "./bulk/bulk-loop.ts";
import { createWatchLoop } from "./bus/watch-loop.ts";
import { createBatchLoop } from "./batches/batch-loop.ts";
import { createAgeLoop } from "./deliveries/age-loop.ts";
import { createClaimLoop } from "./jobs/claim-loop.ts";
import { createClearLoop } from "./upkeep/clear-loop.ts";
import { createClockLoop } from "./upkeep/clock-loop.ts";
import { createLeaseLoop } from "./upkeep/lease-loop.ts";
import { createRelay } from "./deliveries/relay-loop.ts";
import { createRetentionLoop } from "./upkeep/retention-loop.ts";
import { createScheduleLoop } from "./schedules/schedule-loop.ts";
import { createStatsLoop } from "./stats/stats-loop.ts";
import { createSweepLoop } from "./upkeep/sweep-loop.ts";
import { createSecretLoop } from "./plugin-secrets/secret-loop.ts";
import { createTokenLoop } from "./tokens/token-loop.ts";
import type { SharedParts } from "./shared-parts.ts";

export type Loops = ReturnType<typeof startLoops>;

/** Everything that works by itself. */
export function startLoops(shared: SharedParts) {
  const relay = createRelay({ ...shared, deliverDeps: shared });
  const loops = {
    claim: createClaimLoop(shared),
    relay,
    lease: createLeaseLoop({ ...shared, relay }),
    retention: createRetentionLoop(shared),
    sweep: createSweepLoop(shared),
    bulk: createBulkLoop(shared),
    schedules: createScheduleLoop(shared),
    clear: createClearLoop(shared),
    age: createAgeLoop(shared),
    beat: shared.beats.start(),
    stats: createStatsLoop(shared),
    clock: createClockLoop(shared),
    batch: createBatchLoop(shared),
    watch: createWatchLoop(shared),
    tokens: createTokenLoop(shared),
    secrets: createSecretLoop(shared),
  };
  wakeLoops(loops, shared);
  return loops;
}

/** Each loop hears what concerns it, whichever daemon tells it. */
function wakeLoops(
  loops: Pick<
    Loops,
    "claim" | "relay" | "batch" | "bulk" | "schedules" | "clear" | "watch" | "tokens" | "secrets"
  >,
  { messages, activeJobs }: Pick<SharedParts, "messages" | "activeJobs">,
): void {
  const { claim, relay, batch, bulk, schedules, clear, watch, tokens, secrets } = loops;
  messages.on("jobs", () => claim.wake());
  messages.on("due", () => relay.loop.wake());
  messages.on("paused", ({ destination, failuresInRow }, isOwn) => {
    if (!isOwn) relay.pause(destination, failuresInRow);
  });
  messages.on("resumed", ({ destination }) => relay.resume(destination));
  messages.on("batches", () => batch.wake());
  messages.on("bulk", () => bulk.wake());
  messages.on("schedules", () => schedules.wake());
  messages.on("webhook-off", () => clear.wake());
  messages.on("tokens", () => tokens.wake());
  messages.on("secrets", () => secrets.wake());
  messages.on("claim-lost", ({ claim: lost }) => void activeJobs.drop([lost]));
  messages.on("missed", () => {
    for (const loop of [claim, relay.loop, batch, bulk, schedules, clear, watch, tokens, secrets])
      loop.wake();
  });
}

/** Stops what finds work first. The leases of what is still running are renewed until its end. */
export async function stopLoops(
  { claim, relay, lease, beat, tokens, stats, ...others }: Loops,
  { activeJobs, clock }: Pick<SharedParts, "activeJobs" | "clock">,
  graceMs: number,
): Promise<void> {
  const deadline = clock.monotonic() + graceMs;
  await Promise.all([claim, ...Object.values(others)].map((loop) => loop.stop()));
  await activeJobs.drain({ graceMs });
  await relay.loop.stop();
  await relay.drain({ graceMs: Math.max(0, deadline - clock.monotonic()) });
  await lease.stop();
  await beat.stop();
  // So late, because requests are still answered.
  await tokens.stop();
  // Last, because it stores the counts of all the others.
  await stats.stop();
}
