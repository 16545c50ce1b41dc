import { createActiveJobs } from "./jobs/active-jobs.ts";
import { createJobActs } from "./bulk/job-acts.ts";
import { connectBus } from "./bus/connect-bus.ts";
import type { EngineDeps } from "./engine-deps.ts";
import { createBeats } from "./upkeep/beat-loop.ts";
import { createDiskRoom } from "./jobs/disk-room.ts";
import { createMergeTurns } from "./jobs/merge-turns.ts";
import { createFileLinks } from "./files/file-links.ts";
import { createFileRoom } from "./files/file-room.ts";
import { createFileWriters } from "./files/file-writers.ts";
import { createFiles } from "./files/files.ts";
import { createStoreRetry } from "./upkeep/store-retry.ts";
import { createRetryingStore } from "./upkeep/retrying-store.ts";
import type { Intake } from "./deliveries/intake.ts";
import { createSecrets } from "./plugin-secrets/secrets.ts";
import { createStoreSessions } from "./sessions/store-sessions.ts";
import { createStoreTokens } from "./tokens/store-tokens.ts";
import { createJobTraces } from "./tracing/job-traces.ts";
import { createSealedContents } from "./webhooks/sealed-contents.ts";
import { createStoreStats } from "./stats/stats-loop.ts";
import { createStatsRecorder } from "./stats/stats-recorder.ts";
import { withStats } from "./stats/with-stats.ts";
import { createWatchedClock } from "./upkeep/watched-clock.ts";
import type { ClaimLoop } from "./jobs/claim-loop.ts";
import type { Relay } from "./deliveries/relay-loop.ts";
import type { Loop } from "./loop.ts";

export type SharedParts = ReturnType<typeof createSharedParts>;

/** What the parts need of the loops. */
interface StartedLoops {
  readonly claim: Pick<ClaimLoop, "onRoom">;
  readonly relay: Pick<Relay, "intake">;
  readonly stats: Pick<Loop, "wake">;
}

/** What commands and loops share. `loops` returns null until the engine has started. */
export function createSharedParts(
  deps: EngineDeps,
  { loops, stopping }: { loops: () => StartedLoops | null; stopping: AbortSignal },
) {
  const { settings, log } = deps;
  const clock = createWatchedClock(deps.clock);
  const connected = connectBus({ ...deps, clock, stopping });
  const recorder = createStatsRecorder(deps.clock, () => loops()?.stats.wake());
  const retryWrite = createStoreRetry({ clock, log, signal: stopping });
  const owner = deps.ids.newId("owner");
  const beats = createBeats({ ...deps, ...settings, clock, owner });
  const onRoom = (): void => loops()?.claim.onRoom();
  const room = createFileRoom({ ...deps, ...settings });
  const writers = createFileWriters(clock);
  const links = createFileLinks({ ...deps, ...settings, clock });
  const intake: Intake = {
    during: (write, handedOver) => loops()?.relay.intake.during(write, handedOver) ?? write(),
  };
  const common = {
    ...deps,
    ...settings,
    clock,
    store: createRetryingStore(deps.store, retryWrite),
    telemetry: withStats(deps.telemetry, recorder),
    recorder,
    storeStats: createStoreStats({ store: deps.store, recorder }),
    retryWrite,
    owner,
    beats,
    ...connected,
    tokens: deps.tokenStore && createStoreTokens({ store: deps.tokenStore, ...connected }),
    sessions: createStoreSessions({ ...deps, ...connected, clock, stopping }),
    secrets: createSecrets({ ...deps, ...connected, clock }),
    sealedContents: createSealedContents(deps.vault),
    traces: createJobTraces({ tracer: deps.tracer, policy: settings.traces, clock }),
    room,
    diskRoom: createDiskRoom({ ...deps, clock }),
    mergeTurns: createMergeTurns(),
    writers,
    links,
    files: createFiles({ ...deps, ...settings, clock, room, writers, links, stopping }),
    stopping,
    onRoom,
    intake,
  };
  const activeJobs = createActiveJobs({
    size: deps.pool.size,
    deps: common,
    clock,
    onRoom,
  });
  return { ...common, activeJobs, acts: createJobActs({ ...common, activeJobs }) };
}
