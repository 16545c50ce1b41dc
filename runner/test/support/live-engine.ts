/** The real engine, store, sender and clock in this process, with plugins that complete immediately. */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/system/clock.ts";
import type { DeliveryState } from "../../src/domain/delivery.ts";
import { parseEgressPolicy } from "../../src/egress/policy.ts";
import { createResolver, type Resolve } from "../../src/egress/resolver.ts";
import { createEngine } from "../../src/engine/create-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { JobRequest } from "../../src/engine/requests.ts";
import { createIds } from "../../src/system/ids.ts";
import { createLocalBus } from "../../src/system/local-bus.ts";
import type { DeliverySummary } from "../../src/ports/store/deliveries.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { createUndiciSender } from "../../src/sender/undici-sender.ts";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { createSigner } from "../../src/secrets/signer.ts";
import { createVault } from "../../src/secrets/vault.ts";
import { writeEmptyDatabase } from "./empty-database.ts";
import { createSharedWriters } from "./shared-writers.ts";
import { createLocalContents } from "../../src/files/local-contents.ts";
import { REQUEST, toPlugin } from "./engine.ts";
import { NO_HOST, NO_TELEMETRY } from "./no-telemetry.ts";
import { createScriptedPool } from "./scripted-pool.ts";
import { until } from "./until.ts";
import { createTestLog } from "./test-log.ts";

export interface LiveEngine {
  readonly engine: Engine;
  readonly store: Store;
  submit(request?: Partial<JobRequest>): Promise<string>;
  /** Waits until every job has ended and every delivery is in one of these states. */
  untilAll(states: readonly DeliveryState[], options?: { timeoutMs?: number }): Promise<void>;
  /** A job's deliveries, oldest first. */
  deliveries(jobId: string): Promise<readonly DeliverySummary[]>;
  close(): Promise<void>;
}

const writer = createSharedWriters();

export async function createLiveEngine(
  options: {
    resolve?: Resolve;
    egress?: string;
    maxInFlight?: number;
    maxConcurrency?: number;
  } = {},
): Promise<LiveEngine> {
  const { egress = "private", maxInFlight = 256, maxConcurrency = 64 } = options;
  const folder = await mkdtemp(join(tmpdir(), "playground-live-"));
  const path = join(folder, "playground.db");
  await writeEmptyDatabase(path);
  const store = await createSqliteStore({ path, writer });
  const now = (): number => systemClock.now();
  const sender = createUndiciSender({
    connectionsPerOrigin: maxConcurrency,
    egress: { policy: parseEgressPolicy(egress) },
    resolve: options.resolve ?? createResolver(),
  });
  const engine = createEngine({
    store,
    tokenStore: null,
    bus: createLocalBus(),
    pool: createScriptedPool({ size: 8, clock: systemClock, run: (step) => step.complete() }),
    sender,
    clock: systemClock,
    catalog: {
      list: () => [],
      get: toPlugin,
      known: toPlugin,
      readyNames: () => ["first"],
      recheck: async () => {},
      recheckSecrets: async () => {},
      onChange: () => () => {},
      checkInput: () => [],
      checkOptions: () => [],
    },
    ids: createIds(now),
    digest: (text) => createHash("sha256").update(text).digest("base64"),
    urlRefusal: () => null,
    vault: createVault(Buffer.alloc(32, 1)),
    storedSecrets: { ready: async () => {}, find: () => null, read: async () => false },
    secretVariable: () => null,
    signer: createSigner(Buffer.alloc(32, 1), "links to files"),
    contents: createLocalContents(join(folder, "artifacts")),
    telemetry: NO_TELEMETRY,
    tracer: null,
    host: NO_HOST,
    log: createTestLog(),
    settings: {
      maxQueued: 100_000,
      maxMetadataBytes: 16_384,
      maxInputBytes: 1024 * 1024,
      maxLogBytes: 4096,
      maxBatchJobs: 1_000,
      pluginWaitMs: 60 * 60_000,
      maxDeliveryAgeMs: 7 * 24 * 60 * 60_000,
      maxWebhooks: 100,
      maxInFlight,
      maxBytesInFlight: 64 * 1024 * 1024,
      maxConcurrency,
      retentionMs: Number.POSITIVE_INFINITY,
      failedRetentionMs: Number.POSITIVE_INFINITY,
      payloadRetentionMs: Number.POSITIVE_INFINITY,
      failedPayloadRetentionMs: Number.POSITIVE_INFINITY,
      maxEndedJobs: Number.POSITIVE_INFINITY,
      maxStoredBytes: Number.POSITIVE_INFINITY,
      fileLimit: 1_000_000,
      jobFilesLimit: 2_000_000,
      filesLimit: 3_000_000,
      userAgent: "Playground/test",
      fileUrl: (fileId) => `http://daemon.test/v1/files/${fileId}/content`,
      batchUrl: (batchId) => `http://127.0.0.1/v1/batches/${batchId}`,
      traces: "parent",
      traceUrl: () => null,
      jobUrl: (jobId) => `http://daemon.test/v1/jobs/${jobId}`,
    },
  });
  await engine.start();

  return {
    engine,
    store,
    async submit(request) {
      const { jobId } = await engine.submit({ ...REQUEST, ...request });
      return jobId;
    },
    untilAll: async (states, waiting) => {
      await until(
        `all deliveries to be ${states.join(" or ")}`,
        async () => {
          const { jobs, deliveries } = await store.counts();
          if (jobs.queued + jobs.running > 0) return false;
          const others = Object.entries(deliveries).filter(
            ([state]) => !(states as readonly string[]).includes(state),
          );
          return others.every(([, count]) => count === 0);
        },
        waiting,
      );
    },
    deliveries: async (jobId) =>
      (await store.deliveries({ jobId }, { limit: 100, cursor: null })).items.toReversed(),
    async close() {
      await engine.stop({ graceMs: 0 });
      await sender.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
