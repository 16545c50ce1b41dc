/** The real engine on the real store. The test controls plugins, endpoints and time. */
import type { RetryPolicy } from "../../src/domain/step-retry.ts";
import { toPluginLimits, type LimitsRequest } from "../../src/domain/plugin-limits.ts";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextIteration } from "node:timers/promises";
import type { Answer } from "../../src/domain/delivery.ts";
import type { Issue } from "../../src/domain/errors.ts";
import { urlRefusal } from "../../src/egress/url-refusal.ts";
import { createEngine } from "../../src/engine/create-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { SubmitRequest } from "../../src/engine/requests.ts";
import type { Bus } from "../../src/ports/bus.ts";
import type { Host } from "../../src/ports/host.ts";
import { createIds } from "../../src/system/ids.ts";
import { createLocalBus } from "../../src/system/local-bus.ts";
import type { ReadyPlugin } from "../../src/ports/plugin-catalog.ts";
import type { Tracer } from "../../src/ports/tracer.ts";
import type { StoredSecrets } from "../../src/ports/stored-secrets.ts";
import type { Store } from "../../src/ports/store/store.ts";
import type { Beat } from "../../src/ports/store/upkeep.ts";
import type { StoredJob } from "../../src/ports/store/jobs.ts";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { createSigner } from "../../src/secrets/signer.ts";
import { createStoredSecrets } from "../../src/secrets/stored-secrets.ts";
import { createVault } from "../../src/secrets/vault.ts";
import { DAEMON } from "./daemon-identity.ts";
import { writeEmptyDatabase } from "./empty-database.ts";
import { createSharedWriters } from "./shared-writers.ts";
import { createLocalContents } from "../../src/files/local-contents.ts";
import { createScriptedPool, type ScriptedPool, type ScriptedStep } from "./scripted-pool.ts";
import {
  answered,
  createScriptedSender,
  type ScriptedSender,
  type Sent,
} from "./scripted-sender.ts";
import { NO_HOST, NO_TELEMETRY } from "./no-telemetry.ts";
import { until } from "./until.ts";
import { createTestClock, type TestClock } from "./test-clock.ts";
import { createMemoryTokens } from "./memory-tokens.ts";
import { createTestLog } from "./test-log.ts";

export interface EngineScript {
  threads?: number;
  maxDeliveriesInFlight?: number;
  maxBytesInFlight?: number;
  retentionMs?: number;
  /** Default: that of all jobs. */
  failedRetentionMs?: number;
  /** How long jobs keep their payloads. Default: for ever. */
  payloadRetentionMs?: number;
  /** Without it, the database has no disk of its own. */
  databaseDisk?: Host["databaseDisk"];
  maxEndedJobs?: number;
  maxStoredBytes?: number;
  maxDeliveryAgeMs?: number;
  /** Called when a step begins. Without it, the test ends the step. */
  run?: (step: ScriptedStep) => void;
  obeysStop?: boolean;
  /** Without it, every endpoint responds with 200. */
  answer?: (sent: Sent) => Answer | Promise<Answer>;
  maxWebhooks?: number;
  tracer?: Tracer;
  /** Returns an input's issues. Without it, every input is valid. */
  checkInput?: (name: string, input: unknown) => readonly Issue[];
  pluginWaitMs?: number;
  /** The policy of every plugin. */
  pluginRetry?: RetryPolicy;
  /** What the jitter is drawn from. Default: 0.5. */
  random?: () => number;
  /** The plugins that cannot be loaded. The test changes the set. */
  broken?: ReadonlySet<string>;
  /** The plugins that are listed. Default: none. */
  listed?: readonly string[];
  /** The limits of plugins. The test changes them. */
  limits?: Readonly<Record<string, LimitsRequest>>;
  /** The secrets that a plugin declares. */
  declared?: Readonly<Record<string, readonly string[]>>;
  /** The environment variables that have secrets. */
  secretVariables?: Readonly<Record<string, string>>;
  /** Called when the plugins' secrets have changed. */
  recheckSecrets?: () => void;
  /** Called when the plugins are to be read again. */
  recheck?: () => void;
  /** Wraps the store, to make a call fail or wait. */
  intercept?: (store: Store) => Store;
}

export interface EngineInTest {
  readonly engine: Engine;
  readonly pool: ScriptedPool;
  readonly sender: ScriptedSender;
  /** Every line that was logged, in order. */
  readonly logged: readonly { readonly message: string; readonly fields: object }[];
  /** The values that its plugins would get. */
  readonly storedSecrets: StoredSecrets;
  /** Reports a change of `broken` to the engine. */
  readonly changePlugins: () => void;
  readonly submit: (request?: Partial<SubmitRequest>) => Promise<string>;
}

export interface World {
  readonly store: Store;
  readonly clock: TestClock;
  /** Starts a daemon's engine. A second engine takes over what the first has claimed. */
  startEngine(script?: EngineScript): Promise<EngineInTest>;
  /** Resolves when everything waits for time, a step or a response. */
  settle(): Promise<void>;
  /** Moves the clock to the instant and wakes each sleeper at its own instant on the way. */
  runUntil(instant: number): Promise<void>;
  job(id: string): Promise<StoredJob>;
  /** The kinds of the job's stored events, in order. */
  kinds(id: string): Promise<string[]>;
  close(): Promise<void>;
}

export const HOOK = { url: "http://endpoint.test/hook", headers: {}, on: null, retries: 5 };

/** A job with one plugin and no options. */
export const REQUEST: SubmitRequest = {
  plugins: [{ name: "first", options: {} }],
  input: { text: "input" },
  webhook: null,
  name: null,
  metadata: {},
  priority: 0,
  runAt: null,
  timeoutMs: null,
  idempotencyKey: null,
};

const writer = createSharedWriters();

const PLUGINS = ["first", "second", "third", "only"];

export function plugins(...names: string[]): Pick<SubmitRequest, "plugins"> {
  return { plugins: names.map((name) => ({ name, options: {} })) };
}

/**
 * With `exclusive` false, another daemon can have the data open: its leases are valid. With several buses,
 * each engine has a store of its own on the same file, and one of the buses, in the order of their starts.
 */
export async function createWorld({
  buses = [createLocalBus()],
  exclusive = buses.length === 1,
}: { exclusive?: boolean; buses?: readonly Bus[] } = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "playground-engine-"));
  const path = join(folder, "playground.db");
  await writeEmptyDatabase(path);
  const opened: Store[] = [];
  for (const _ of buses) opened.push(await createSqliteStore({ path, exclusive, writer }));
  const tokenStore = buses.length > 1 ? createMemoryTokens() : null;
  const clock = createTestClock();
  const engines: Engine[] = [];
  let pending = 0;

  const stores = opened.map((each) =>
    interceptCalls(each, async (call) => {
      pending += 1;
      try {
        return await call();
      } finally {
        pending -= 1;
      }
    }),
  );
  const nth = <T>(all: readonly T[], index: number): T => all[index % all.length]!;
  const store = nth(stores, 0);

  async function settle(): Promise<void> {
    // Code that was woken and waits for no store call has continued after one event loop iteration.
    for (let quiet = 0; quiet < 3; quiet = pending === 0 ? quiet + 1 : 0) await nextIteration();
  }

  async function startEngine(script: EngineScript = {}): Promise<EngineInTest> {
    const { broken = new Set<string>() } = script;
    const listeners = new Set<() => void>();
    const { threads = 2, answer = () => answered(200), intercept = (same) => same } = script;
    const now = (): number => clock.now();
    const known = (name: string): ReadyPlugin => ({
      ...toPlugin(name),
      secrets: script.declared?.[name] ?? [],
      retry: script.pluginRetry ?? null,
      limits: script.limits?.[name] ? toPluginLimits(name, script.limits[name]) : null,
    });
    const pool = createScriptedPool({ size: threads, clock, ...script });
    const sender = createScriptedSender({ now, answer });
    const logged: { message: string; fields: object }[] = [];
    const write = (fields: object, message: string): void => void logged.push({ message, fields });
    const vault = createVault(Buffer.alloc(32, 1));
    const storeOfEngine = intercept(nth(stores, engines.length));
    const storedSecrets = createStoredSecrets(Promise.resolve({ store: storeOfEngine, vault }));
    const engine = createEngine({
      store: storeOfEngine,
      tokenStore,
      bus: nth(buses, engines.length),
      pool,
      sender,
      clock,
      catalog: {
        list: () => (script.listed ?? []).map(known),
        get: (name) =>
          broken.has(name)
            ? { name, source: `${name}.ts`, status: "broken", error: "For a test." }
            : known(name),
        known,
        readyNames: () => PLUGINS.filter((name) => !broken.has(name)),
        recheck: async () => script.recheck?.(),
        recheckSecrets: async () => script.recheckSecrets?.(),
        onChange(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        checkInput: script.checkInput ?? (() => []),
        checkOptions: () => [],
      },
      ids: { ...createIds(now), random: script.random ?? (() => 0.5) },
      digest: (text) => createHash("sha256").update(text).digest("base64"),
      urlRefusal: (url) => urlRefusal(url, { mode: "private" }),
      vault,
      storedSecrets,
      secretVariable: (name) => script.secretVariables?.[name] ?? null,
      signer: createSigner(Buffer.alloc(32, 1), "links to files"),
      contents: createLocalContents(join(folder, "artifacts")),
      telemetry: NO_TELEMETRY,
      tracer: script.tracer ?? null,
      host: { ...NO_HOST, ...(script.databaseDisk && { databaseDisk: script.databaseDisk }) },
      log: createTestLog(write),
      settings: {
        maxQueued: 1_000,
        maxMetadataBytes: 16_384,
        maxInputBytes: 1024 * 1024,
        maxLogBytes: 4096,
        maxBatchJobs: 1_000,
        maxWebhooks: script.maxWebhooks ?? 100,
        pluginWaitMs: script.pluginWaitMs ?? 60 * 60_000,
        maxInFlight: script.maxDeliveriesInFlight ?? 16,
        maxBytesInFlight: script.maxBytesInFlight ?? 64 * 1024 * 1024,
        maxConcurrency: 64,
        maxDeliveryAgeMs: script.maxDeliveryAgeMs ?? 7 * 24 * 60 * 60_000,
        retentionMs: script.retentionMs ?? Number.POSITIVE_INFINITY,
        payloadRetentionMs: script.payloadRetentionMs ?? Number.POSITIVE_INFINITY,
        failedPayloadRetentionMs: script.payloadRetentionMs ?? Number.POSITIVE_INFINITY,
        failedRetentionMs:
          script.failedRetentionMs ?? script.retentionMs ?? Number.POSITIVE_INFINITY,
        maxEndedJobs: script.maxEndedJobs ?? Number.POSITIVE_INFINITY,
        maxStoredBytes: script.maxStoredBytes ?? Number.POSITIVE_INFINITY,
        fileLimit: 1_000_000,
        jobFilesLimit: 2_000_000,
        filesLimit: 3_000_000,
        userAgent: "Playground/test",
        fileUrl: (fileId) => `http://daemon.test/v1/files/${fileId}/content`,
        batchUrl: (batchId) => `http://daemon.test/v1/batches/${batchId}`,
        traces: "parent",
        traceUrl: () => null,
        jobUrl: (jobId) => `http://daemon.test/v1/jobs/${jobId}`,
      },
    });
    engines.push(engine);
    await engine.start();
    return {
      engine,
      pool,
      sender,
      logged,
      storedSecrets,
      changePlugins: () => {
        for (const listener of listeners) listener();
      },
      submit: async (request) => (await engine.submit({ ...REQUEST, ...request })).jobId,
    };
  }

  return {
    store,
    clock,
    startEngine,
    settle,
    async runUntil(instant) {
      await settle();
      for (;;) {
        const next = clock.nextWakeAt();
        if (next === null || next > instant) break;
        clock.moveTo(next);
        await settle();
      }
      clock.moveTo(instant);
      await settle();
    },
    async job(id) {
      const job = await store.job(id, { maxOutputBytes: Number.POSITIVE_INFINITY });
      if (job === null) throw new Error(`The store has no job ${id}.`);
      return job;
    },
    kinds: async (id) =>
      (await store.events(id, { after: 0, limit: 100 })).map((event) => event.kind),
    async close() {
      const stopped = Promise.all(engines.map((engine) => engine.stop({ graceMs: 0 })));
      await stopped;
      for (const each of opened) await each.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The beat of a daemon that a test plays. */
export function beatAt(now: number, maxGapMs: number): Beat {
  return { owner: "owner_test", identity: DAEMON, now, until: now, plugins: [], maxGapMs };
}

/** The store, with every call passed through `around`. */
export function interceptCalls(
  store: Store,
  around: (
    call: () => Promise<unknown>,
    name: keyof Store,
    args: readonly unknown[],
  ) => Promise<unknown>,
): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => around(() => method(...args), name, args);
    },
  });
}

export function toPlugin(name: string): ReadyPlugin {
  return {
    name,
    source: "built-in",
    status: "ready",
    version: "1.0.0",
    description: "For a test.",
    inputSchema: null,
    optionsSchema: null,
    outputSchema: null,
    example: null,
    timeoutMs: null,
    retry: null,
    limits: null,
    secrets: [],
    env: [],
    warnings: [],
  };
}

/**
 * Returns the ids of jobs that an engine with one thread has claimed ahead. It claims ahead because
 * its first job was short; the second job keeps the thread busy.
 */
export async function claimAhead(
  world: World,
  { pool, submit }: EngineInTest,
  jobs: number,
): Promise<string[]> {
  await submit();
  (await pool.step(1)).complete();
  await world.settle();
  await submit();
  await pool.step(2);
  const ids = await Promise.all(Array.from({ length: jobs }, () => submit()));
  await until("all jobs to be claimed", async () =>
    (await Promise.all(ids.map((id) => world.job(id)))).every((job) => job.status === "running"),
  );
  // The store shows a claim before the engine receives it.
  await world.settle();
  return ids;
}
