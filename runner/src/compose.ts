/** Puts the daemon's parts together. Only this file and startup/ know every adapter. */
import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import type { Settings } from "./config.ts";
import { withPlainNumbers } from "./domain/exact-number.ts";
import { createResolver } from "./egress/resolver.ts";
import { urlRefusal } from "./egress/url-refusal.ts";
import { createEngine, type EngineSettings } from "./engine/create-engine.ts";
import { createStoreHealth } from "./engine/upkeep/store-health.ts";
import { createHttpServer, type HttpSettings } from "./http/server.ts";
import { createKnownTokens } from "./secrets/known-tokens.ts";
import { createUndiciSender } from "./sender/undici-sender.ts";
import { cannotListen } from "./startup/cannot-start.ts";
import { exposureWarning } from "./startup/exposure-warning.ts";
import { webhookEgress } from "./startup/egress.ts";
import { createLinks, type Links } from "./startup/links.ts";
import { logPlugins } from "./startup/log-plugins.ts";
import { openBoth } from "./startup/open-both.ts";
import { openDataDir } from "./startup/open-data-dir.ts";
import { openPlugins } from "./startup/open-plugins.ts";
import { openStore } from "./startup/open-store.ts";
import { createPluginMemory } from "./startup/plugin-memory.ts";
import { kubernetesWarnings, proxyWarning, variableWarnings } from "./startup/setting-warnings.ts";
import { systemClock } from "./system/clock.ts";
import { createIds } from "./system/ids.ts";
import { createLineOutput } from "./system/line-output.ts";
import { createMetrics } from "./system/metrics.ts";
import { VERSION } from "./version.ts";

const CONNECTIONS_PER_ORIGIN = 64;
/**
 * The most attempts in flight to one destination. More than its connections: the others wait in the
 * sender, so that a free connection need not wait for the next claim's commit.
 */
const MAX_CONCURRENCY = 512;
/** The bodies of all attempts in flight, in bytes. Bounds the memory of deliveries. */
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;
/** Connections that wait to be accepted. The system of a client over this limit retries after a second or more. */
const BACKLOG = 4096;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface Daemon {
  readonly version: string;
  /** Accepts requests and starts work. Returns the URL that the daemon listens on. */
  listen(): Promise<string>;
  /** Stops cleanly, at whatever point the start is. */
  stop(): Promise<void>;
}

/** Parts that a test replaces. */
export interface Replacements {
  /** The entry file of the store's writer thread. */
  readonly storeWriter?: URL;
}

/**
 * Opens everything except the port. `say` prints a line for the operator.
 * Throws `CannotStart`.
 */
export async function composeDaemon(
  settings: Settings,
  say: (line: string) => void,
  replacements: Replacements = {},
): Promise<Daemon> {
  const { dataDir, ownToken } = await openDataDir(settings, say);
  for (const warning of [
    exposureWarning(settings),
    proxyWarning(settings),
    ...variableWarnings(),
    ...kubernetesWarnings(),
  ]) {
    if (warning !== null) say(warning);
  }
  let listeningOn = "";
  let notReady: readonly string[] = ["The daemon is starting."];
  const links = createLinks(() => settings.publicUrl ?? listeningOn);
  const logOutput = createLineOutput(process.stderr, {
    onDropped: (lines) => log.warn({ lines }, "log.lines-dropped"),
  });
  const log = pino({ level: settings.logLevel }, logOutput);
  const onError =
    (event: string) =>
    (error: unknown): void =>
      log.error({ err: error }, event);

  const storeHealth = createStoreHealth({ clock: systemClock, log });
  const tokens = createKnownTokens({ ownToken, dataDir, onError: onError("tokens.not-read") });
  // At the same time: reading the plugins takes as long as opening the store.
  const storeOpening = openStore(settings, {
    ...replacements,
    onWriteFailed: storeHealth.onWriteFailed,
  });
  const [{ store, vault }, plugins] = await openBoth(
    storeOpening,
    openPlugins(settings, {
      memory: createPluginMemory(storeOpening, onError("plugins.not-stored")),
      ...logPlugins(log),
      say,
    }),
  );
  const watchingStore = storeHealth.watch(store);
  const { catalog } = plugins;
  const pool = plugins.createPool();
  const metrics = createMetrics();
  const sender = createUndiciSender({
    connectionsPerOrigin: CONNECTIONS_PER_ORIGIN,
    egress: webhookEgress(settings),
    resolve: createResolver(),
  });
  const engine = createEngine({
    store,
    pool,
    catalog: {
      ...catalog,
      checkInput: (name, input) => catalog.checkInput(name, withPlainNumbers(input)),
      checkOptions: (name, options) => catalog.checkOptions(name, withPlainNumbers(options)),
    },
    sender,
    vault,
    log,
    clock: systemClock,
    ids: createIds(() => systemClock.now()),
    telemetry: metrics,
    digest: (text) => createHash("sha256").update(text).digest("base64"),
    urlRefusal: (url) => urlRefusal(url, settings.egress),
    settings: toEngineSettings(settings, links),
  });
  const http = createHttpServer({
    engine,
    reads: store,
    catalog,
    metrics,
    tokens,
    logger: log,
    settings: { ...toHttpSettings(settings), jobUrl: links.job, batchUrl: links.batch },
    notReady: () => [...notReady, ...storeHealth.whyNotWriting()],
  });

  return {
    version: VERSION,
    async listen() {
      await http
        .listen({ host: settings.host, port: settings.port, backlog: BACKLOG })
        .catch((error: unknown) => {
          throw cannotListen(error, settings);
        });
      listeningOn = toUrl(settings.host, http.server.address() as AddressInfo);
      await engine.start();
      notReady = [];
      return listeningOn;
    },
    async stop() {
      notReady = ["The daemon is stopping."];
      await engine.stop({ graceMs: settings.graceMs });
      await http.close();
      await plugins.close();
      await sender.close();
      await watchingStore.stop();
      await store.close();
    },
  };
}

function toEngineSettings(settings: Settings, links: Links): EngineSettings {
  return {
    maxQueued: settings.maxQueued,
    maxMetadataBytes: settings.metadataLimit,
    maxLogBytes: settings.logLimit,
    maxBatchJobs: settings.maxBatchJobs,
    pluginWaitMs: settings.pluginWaitMs,
    maxWebhooks: settings.maxWebhooks,
    maxInFlight: settings.maxDeliveriesInFlight,
    maxBytesInFlight: MAX_BYTES_IN_FLIGHT,
    maxConcurrency: MAX_CONCURRENCY,
    maxDeliveryAgeMs: settings.maxDeliveryAgeMs,
    retentionMs: settings.retentionDays * DAY_MS,
    userAgent: `Playground/${VERSION}`,
    jobUrl: links.job,
    batchUrl: links.batch,
  };
}

function toHttpSettings(settings: Settings): Omit<HttpSettings, "jobUrl" | "batchUrl"> {
  const { host, publicUrl, allowedHosts = [] } = settings;
  const { requestTimeoutMs, bodyLimit, maxRequests, maxWaits, maxStreams } = settings;
  return {
    host,
    publicUrl,
    allowedHosts,
    requestTimeoutMs,
    bodyLimit,
    maxRequests,
    maxWaits,
    maxStreams,
  };
}

function toUrl(host: string, { port }: AddressInfo): string {
  const shown = host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
