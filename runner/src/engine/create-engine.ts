import { Refused } from "../domain/errors.ts";
import { hasEnded } from "../domain/job.ts";
import { holdOf } from "../domain/hold.ts";
import { createBulkActs } from "./bulk/bulk-acts.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Sealed } from "../domain/webhook.ts";
import type { Engine, WebhookShown } from "./engine.ts";
import { deleteJob } from "./jobs/delete-job.ts";
import type { Store } from "../ports/store/store.ts";
import type { RelayState } from "../ports/telemetry.ts";
import { recoverDestination, recoverWebhook, redeliver } from "./deliveries/resend.ts";
import { setBatchWebhook } from "./batches/set-batch-webhook.ts";
import { checkBatchSize, submitBatch } from "./batches/submit-batch.ts";
import { submitJob } from "./jobs/submit-job.ts";
import { explainWait } from "./jobs/explain-wait.ts";
import { createLimits } from "./limits/limits.ts";
import { createDeclareLimits } from "./limits/declare-limits.ts";
import { createProbeWebhook } from "./webhooks/probe-webhook.ts";
import { testWebhook } from "./webhooks/test-webhook.ts";
import { createWebhooks } from "./webhooks/webhooks.ts";
import { createSchedules } from "./schedules/schedules.ts";
import { createStats } from "./stats/read-stats.ts";
import { readStatus } from "./status/read-status.ts";
import { createSharedParts } from "./shared-parts.ts";
import { startLoops, stopLoops, type Loops } from "./loops.ts";

const IDLE_RELAY: RelayState = { inFlight: 0, bytesInFlight: 0, openDestinations: 0 };

export function createEngine(deps: EngineDeps): Engine {
  const { store } = deps;
  let loops: Loops | null = null;
  let stopListening = (): void => {};
  const stopping = new AbortController();
  const shared = createSharedParts(deps, { loops: () => loops, stopping: stopping.signal });
  const { clock, signals, activeJobs, sealedContents } = shared;

  const declareLimits = createDeclareLimits(shared);
  const stats = createStats({ reads: store, storeStats: shared.storeStats, clock });
  const threads = () => ({ total: deps.pool.size, busy: activeJobs.busyThreads() });
  const relayState = (): RelayState => loops?.relay.state() ?? IDLE_RELAY;

  const refuseWhenStopping = (): void => refuseIfAborted(stopping.signal);

  return {
    async submit(request) {
      refuseWhenStopping();
      return submitJob(request, shared);
    },
    checkBatchSize: (jobs) => checkBatchSize(jobs, shared.maxBatchJobs),
    async submitBatch(request) {
      refuseWhenStopping();
      return submitBatch(request, shared);
    },
    setBatchWebhook: (batchId, webhook) => setBatchWebhook(batchId, webhook, shared),
    cancel: shared.acts.cancel,
    async retry(jobId, how) {
      refuseWhenStopping();
      await shared.acts.retry(jobId, how);
    },
    async deleteJob(jobId, by) {
      await deleteJob(jobId, store);
      deps.log.info({ jobId, token: by }, "job.deleted");
    },
    bulkActs: createBulkActs(shared),
    schedules: createSchedules({ ...shared, refuseWhenStopping }),
    waitForEnd: (jobId, { signal }) =>
      signals.waitForEnd(jobId, { isOver: () => isJobOver(jobId, store), signal }),
    waitForBatch: (batchId, { signal }) =>
      signals.waitForEnd(batchId, { isOver: () => isBatchOver(batchId, store), signal }),
    listen: (jobId, listener) => signals.listen(jobId, listener),
    listenToAll: (listener) => shared.feed.listen(listener),
    stepProgress: (jobId) => signals.stepProgress(jobId),
    webhooks: createWebhooks(shared),
    probeWebhook: createProbeWebhook(shared),
    testWebhook: (id, { signal }) => testWebhook(id, shared, signal),
    recoverWebhook: (id, since) => recoverWebhook(id, since, shared),
    recoverDestination: (id, since) => recoverDestination(id, since, shared),
    holdOf: (health) => holdOf(health, clock.now()),
    redeliver: (id) => redeliver(id, shared),
    shownOf: ({ id, sealed }) => toShown(sealedContents.open(sealed, id)),
    explainWait: (wait) =>
      explainWait(wait, {
        ...shared,
        elsewhere: shared.beats.elsewhere(),
        isAlone: deps.bus.state() === "alone",
        now: clock.now(),
      }),
    traceUrl: deps.settings.traceUrl,
    pluginsElsewhere: () => shared.beats.elsewhere(),
    files: shared.files,
    tokens: shared.tokens,
    sessions: shared.sessions,
    limits: createLimits(shared),
    secrets: shared.secrets,
    beat: () => shared.beats.beat(),
    stats,
    threads,
    status: () =>
      readStatus({
        ...shared,
        stats,
        startedAt: shared.beats.startedAt(),
        elsewhere: shared.beats.elsewhere(),
        threads: threads(),
        deliveriesInFlight: relayState().inFlight,
        oldCertificates: loops?.certificates.old() ?? [],
      }),
    relayState,
    async start() {
      // Before the first attempt is judged: what ended since the last beat was time down.
      await shared.beats.beat();
      await shared.room.refresh();
      await shared.tokens?.read();
      await shared.sessions.read();
      // Before the first claim: frees what an earlier daemon had claimed.
      if (shared.beats.canJudge()) await store.reap({ owner: shared.owner, now: clock.now() });
      await declareLimits();
      loops = startLoops(shared);
      stopListening = shared.catalog.onChange(() => {
        void declareLimits();
        loops?.claim.wake();
        if (deps.bus.state() !== "alone") loops?.beat.wake();
      });
    },
    async stop({ graceMs }) {
      stopping.abort();
      stopListening();
      // Before the loops stop, which can wait for a write.
      shared.activeJobs.endAfterSteps();
      if (loops !== null) await stopLoops(loops, shared, graceMs);
      shared.messages.close();
    },
  };
}

async function isJobOver(jobId: string, store: Pick<Store, "job">): Promise<boolean> {
  const job = await store.job(jobId);
  return job === null || hasEnded(job.status);
}

/** Also when it was deleted. */
async function isBatchOver(batchId: string, store: Pick<Store, "batch">): Promise<boolean> {
  return (await store.batch(batchId))?.endedAt !== null;
}

function refuseIfAborted({ aborted }: AbortSignal): void {
  if (aborted) throw new Refused("STOPPING", undefined, { retryAfterMs: 5_000 });
}

function toShown({ headers, verifyTls }: Sealed): WebhookShown {
  return { headerNames: Object.keys(headers), verifyTls: verifyTls ?? true };
}
