import { Refused } from "../domain/errors.ts";
import { hasEnded } from "../domain/job.ts";
import { holdOf } from "../domain/hold.ts";
import type { JobStatus } from "../domain/job-spec.ts";
import type { Clock } from "../ports/clock.ts";
import type { Ids } from "../ports/ids.ts";
import type { Log } from "../ports/log.ts";
import type { PluginCatalog } from "../ports/plugin-catalog.ts";
import type { PluginPool } from "../ports/plugin-pool.ts";
import type { Sender } from "../ports/sender.ts";
import type { Store } from "../ports/store/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Vault } from "../ports/vault.ts";
import { createActiveJobs } from "./jobs/active-jobs.ts";
import { createBatchLoop } from "./batches/batch-loop.ts";
import { cancelJob } from "./jobs/cancel-job.ts";
import { beat, createAgeLoop } from "./deliveries/age-loop.ts";
import { createClaimLoop } from "./jobs/claim-loop.ts";
import { createClockLoop } from "./upkeep/clock-loop.ts";
import type { Engine } from "./engine.ts";
import { createJobSignals } from "./jobs/job-signals.ts";
import { createLeaseLoop } from "./upkeep/lease-loop.ts";
import { createStoreRetry } from "./upkeep/store-retry.ts";
import { createRetryingStore } from "./upkeep/retrying-store.ts";
import { createRelay } from "./deliveries/relay-loop.ts";
import type { RelayState } from "../ports/telemetry.ts";
import { recoverDestination, recoverWebhook, redeliver } from "./deliveries/resend.ts";
import { createRetentionLoop } from "./upkeep/retention-loop.ts";
import { retryJob } from "./jobs/retry-job.ts";
import { createSealedContents } from "./webhooks/sealed-contents.ts";
import { setBatchWebhook } from "./batches/set-batch-webhook.ts";
import { checkBatchSize, submitBatch } from "./batches/submit-batch.ts";
import { submitJob } from "./jobs/submit-job.ts";
import { whyUnavailable } from "./jobs/unavailable-plugin.ts";
import { testWebhook } from "./webhooks/test-webhook.ts";
import { createWebhooks } from "./webhooks/webhooks.ts";
import { createWatchedClock } from "./upkeep/watched-clock.ts";

export interface EngineSettings {
  readonly maxWebhooks: number;
  readonly maxBytesInFlight: number;
  /** The most attempts in flight to one destination. */
  readonly maxConcurrency: number;
  readonly maxQueued: number;
  readonly maxMetadataBytes: number;
  /** The log that a job can write under one claim, in bytes. */
  readonly maxLogBytes: number;
  readonly maxBatchJobs: number;
  readonly maxInFlight: number;
  /** How long a job waits for a plugin that cannot be loaded, in ms. */
  readonly pluginWaitMs: number;
  readonly retentionMs: number;
  readonly maxDeliveryAgeMs: number;
  readonly userAgent: string;
  readonly jobUrl: (jobId: string) => string;
  readonly batchUrl: (batchId: string) => string;
}

export interface EngineDeps {
  readonly store: Store;
  readonly pool: PluginPool;
  readonly catalog: PluginCatalog;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly ids: Ids;
  /** A digest of a text. Different texts have different digests. */
  readonly digest: (text: string) => string;
  /** Why the daemon is not allowed to connect to a URL, or null. Does not look up names. */
  readonly urlRefusal: (url: string) => string | null;
  readonly vault: Vault;
  readonly telemetry: Telemetry;
  readonly log: Log;
  readonly settings: EngineSettings;
}

type Loops = ReturnType<typeof startLoops>;
type Shared = ReturnType<typeof toShared>;

const IDLE_RELAY: RelayState = { inFlight: 0, bytesInFlight: 0, openDestinations: 0 };

export function createEngine(deps: EngineDeps): Engine {
  const { store } = deps;
  let loops: Loops | null = null;
  let stopListening = (): void => {};
  const stopping = new AbortController();
  const shared = toShared(deps, { loops: () => loops, stopping: stopping.signal });
  const { clock, signals, activeJobs, sealedContents, wake } = shared;

  function refuseWhenStopping(): void {
    if (stopping.signal.aborted) throw new Refused("STOPPING", undefined, { retryAfterMs: 5_000 });
  }

  return {
    async submit(request) {
      refuseWhenStopping();
      const accepted = await submitJob(request, shared);
      wake.claim();
      return accepted;
    },
    checkBatchSize: (jobs) => checkBatchSize(jobs, shared.maxBatchJobs),
    async submitBatch(request) {
      refuseWhenStopping();
      const accepted = await submitBatch(request, shared);
      wake.claim();
      // A batch can consist of earlier jobs, by their idempotency keys. Then it may have ended already.
      wake.batch();
      return accepted;
    },
    setBatchWebhook: (batchId, webhook) =>
      setBatchWebhook(batchId, webhook, { ...shared, onDue: wake.relay }),
    cancel: (jobId) => cancelJob(jobId, shared),
    async retry(jobId) {
      refuseWhenStopping();
      await retryJob(jobId, shared);
      signals.announce(jobId, { kind: "changed", status: "queued" });
      wake.claim();
    },
    waitForEnd: (jobId, { signal }) => {
      const isOver = async (): Promise<boolean> => {
        const job = await store.job(jobId);
        return job === null || hasEnded(job.status);
      };
      return signals.waitForEnd(jobId, { isOver, signal });
    },
    waitForBatch: (batchId, { signal }) => {
      const isOver = async (): Promise<boolean> => {
        const batch = await store.batch(batchId);
        return batch === null || batch.endedAt !== null;
      };
      return signals.waitForEnd(batchId, { isOver, signal });
    },
    listen: (jobId, listener) => signals.listen(jobId, listener),
    stepProgress: (jobId) => signals.stepProgress(jobId),
    webhooks: createWebhooks({ ...shared, onDue: wake.relay, onResume: wake.resume }),
    testWebhook: (id, { signal }) => testWebhook(id, shared, signal),
    recoverWebhook: (id, since) => recoverWebhook(id, since, { ...shared, onResume: wake.resume }),
    recoverDestination: (id, since) =>
      recoverDestination(id, since, { ...shared, onResume: wake.resume }),
    holdOf: (health) => holdOf(health, clock.now()),
    redeliver: (id) => redeliver(id, { ...shared, onResume: wake.resume }),
    headerNames: ({ id, sealed }) => Object.keys(sealedContents.open(sealed, id).headers),
    explainWait: ({ on }) =>
      whyUnavailable(shared.catalog, on)?.message ?? `Plugin "${on}" can be loaded again.`,
    relayState: () => loops?.relay.state() ?? IDLE_RELAY,
    async start() {
      // Before the first attempt is judged: what ended since the last beat was time down.
      await beat(store, clock.now());
      // Before the first claim: frees what an earlier daemon had claimed.
      await store.reap({ owner: shared.owner, now: clock.now() });
      loops = startLoops(shared);
      stopListening = shared.catalog.onChange(wake.claim);
    },
    async stop({ graceMs }) {
      stopping.abort();
      stopListening();
      if (loops === null) return;
      const deadline = clock.monotonic() + graceMs;
      const { claim, relay, lease, ...others } = loops;
      await Promise.all([claim, ...Object.values(others)].map((loop) => loop.stop()));
      await activeJobs.drain({ graceMs });
      await relay.loop.stop();
      await relay.drain({ graceMs: Math.max(0, deadline - clock.monotonic()) });
      await lease.stop();
    },
  };
}

/** What commands and loops share. `loops` returns null until the engine has started. */
function toShared(
  deps: EngineDeps,
  { loops, stopping }: { loops: () => Loops | null; stopping: AbortSignal },
) {
  const { settings, log } = deps;
  const clock = createWatchedClock(deps.clock);
  const signals = createJobSignals();
  const retryWrite = createStoreRetry({ clock, log, signal: stopping });
  const wake = {
    claim: () => loops()?.claim.wake(),
    relay: () => loops()?.relay.loop.wake(),
    resume: (destination: number) => loops()?.relay.resume(destination),
    batch: () => loops()?.batch.wake(),
  };
  const common = {
    ...deps,
    ...settings,
    clock,
    store: createRetryingStore(deps.store, retryWrite),
    retryWrite,
    owner: deps.ids.newId("owner"),
    signals,
    sealedContents: createSealedContents(deps.vault),
    wake,
    onCommitted(transition: { status: JobStatus }) {
      wake.relay();
      if (hasEnded(transition.status)) wake.batch();
    },
  };
  const activeJobs = createActiveJobs({
    size: deps.pool.size,
    deps: common,
    clock,
    onRoom: wake.claim,
  });
  return { ...common, activeJobs };
}

function startLoops(shared: Shared) {
  const { signals, wake } = shared;
  return {
    claim: createClaimLoop(shared),
    relay: createRelay({ ...shared, deliverDeps: shared }),
    lease: createLeaseLoop({ ...shared, onFreed: wake.claim }),
    retention: createRetentionLoop(shared),
    age: createAgeLoop(shared),
    clock: createClockLoop({ ...shared, onShift: wake.relay }),
    batch: createBatchLoop({
      ...shared,
      onEnded(batchId) {
        signals.announce(batchId, { kind: "changed", status: "completed" });
        wake.relay();
      },
    }),
  };
}
