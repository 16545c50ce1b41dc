import { createBulkLoop } from "./bulk/bulk-loop.ts";
import { createReloadLoop } from "./bus/reload-loop.ts";
import { createWatchLoop } from "./bus/watch-loop.ts";
import { createBatchLoop } from "./batches/batch-loop.ts";
import { createAgeLoop } from "./deliveries/age-loop.ts";
import { createCertificateLoop } from "./upkeep/certificate-loop.ts";
import { createClaimLoop } from "./jobs/claim-loop.ts";
import { createClearLoop } from "./upkeep/clear-loop.ts";
import { createClockLoop } from "./upkeep/clock-loop.ts";
import { createLeaseLoop } from "./upkeep/lease-loop.ts";
import { createRelay } from "./deliveries/relay-loop.ts";
import { createRetentionLoop } from "./upkeep/retention-loop.ts";
import { createScheduleLoop } from "./schedules/schedule-loop.ts";
import { createStatsLoop } from "./stats/stats-loop.ts";
import { createSweepLoop } from "./upkeep/sweep-loop.ts";
import type { SharedParts } from "./shared-parts.ts";

export type Loops = ReturnType<typeof startLoops>;

/** Everything that works by itself. */
export function startLoops(shared: SharedParts) {
  const { tokens, sessions, secrets } = shared;
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
    certificates: createCertificateLoop(shared),
    age: createAgeLoop(shared),
    beat: shared.beats.start(),
    stats: createStatsLoop(shared),
    clock: createClockLoop(shared),
    batch: createBatchLoop(shared),
    watch: createWatchLoop(shared),
    tokens: createReloadLoop(shared, { name: "tokens", reload: async () => tokens?.read() }),
    sessions: createReloadLoop(shared, { name: "sessions", reload: () => sessions.read() }),
    secrets: createReloadLoop(shared, { name: "secrets", reload: () => secrets.refresh() }),
  };
  wakeLoops(loops, shared);
  return loops;
}

/** Each loop hears what concerns it, whichever daemon tells it. */
function wakeLoops(
  loops: Pick<
    Loops,
    | "claim"
    | "relay"
    | "batch"
    | "bulk"
    | "schedules"
    | "clear"
    | "watch"
    | "tokens"
    | "sessions"
    | "secrets"
  >,
  { messages, activeJobs }: Pick<SharedParts, "messages" | "activeJobs">,
): void {
  const { claim, relay, batch, bulk, schedules, clear, watch, tokens, sessions, secrets } = loops;
  messages.on("jobs", () => claim.wake());
  messages.on("due", () => relay.loop.wake());
  messages.on("paused", ({ destination, failuresInRow }, isOwn) => {
    if (!isOwn) relay.pause(destination, failuresInRow);
  });
  messages.on("circuit-closed", ({ destination }, isOwn) => {
    if (!isOwn) relay.circuitClosed(destination);
  });
  messages.on("resumed", ({ destination }) => relay.resume(destination));
  messages.on("batches", () => batch.wake());
  messages.on("bulk", () => bulk.wake());
  messages.on("schedules", () => schedules.wake());
  messages.on("webhook-off", () => clear.wake());
  messages.on("tokens", () => tokens.wake());
  messages.on("sessions", (_, isOwn) => {
    if (!isOwn) sessions.wake();
  });
  messages.on("secrets", () => secrets.wake());
  messages.on("claim-lost", ({ claim: lost }) => void activeJobs.drop([lost]));
  messages.on("missed", () => {
    const woken = [claim, batch, bulk, schedules, clear, watch, tokens, sessions, secrets];
    for (const loop of [relay.loop, ...woken]) loop.wake();
  });
}

/** Stops what finds work first. The leases of what is still running are renewed until its end. */
export async function stopLoops(
  { claim, relay, lease, beat, tokens, sessions, stats, ...others }: Loops,
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
  await Promise.all([tokens.stop(), sessions.stop()]);
  // Last, because it stores the counts of all the others.
  await stats.stop();
}
