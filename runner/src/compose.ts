/** Puts the daemon's parts together. Only this file and startup/ know every adapter. */
import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { pino, type Logger } from "pino";
import type { Settings } from "./config.ts";
import { withPlainNumbers } from "./domain/exact-number.ts";
import { createResolver } from "./egress/resolver.ts";
import { urlRefusal } from "./egress/url-refusal.ts";
import { createEngine } from "./engine/create-engine.ts";
import type { EngineSettings } from "./engine/engine-deps.ts";
import { createStoreHealth } from "./engine/upkeep/store-health.ts";
import type { PluginCatalog } from "./ports/plugin-catalog.ts";
import { createHttpServer, type HttpSettings } from "./http/server.ts";
import { checkVault } from "./secrets/check-vault.ts";
import { variableOf } from "./secrets/secret-variables.ts";
import { createStoredSecrets } from "./secrets/stored-secrets.ts";
import { createKnownTokens } from "./secrets/known-tokens.ts";
import { openAddedTokens } from "./startup/added-tokens.ts";
import type { ReadyPlugin } from "./ports/plugin-catalog.ts";
import { createUndiciSender } from "./sender/undici-sender.ts";
import { createAddressFile } from "./startup/address-file.ts";
import { cannotListen } from "./startup/cannot-start.ts";
import { exposureWarning } from "./startup/exposure-warning.ts";
import { webhookEgress } from "./startup/egress.ts";
import { createLinks, type Links } from "./startup/links.ts";
import { logPlugins } from "./startup/log-plugins.ts";
import { openAccess } from "./startup/open-access.ts";
import { openContents } from "./startup/open-contents.ts";
import { openBoth } from "./startup/open-both.ts";
import { openDataDir } from "./startup/open-data-dir.ts";
import { openPlugins } from "./startup/open-plugins.ts";
import { openTracer } from "./startup/tracing.ts";
import { openStore } from "./startup/open-store.ts";
import { createPluginMemory } from "./startup/plugin-memory.ts";
import {
  kubernetesWarnings,
  linkWarning,
  proxyWarning,
  variableWarnings,
} from "./startup/setting-warnings.ts";
import { createAdjustedClock, type AdjustedClock } from "./system/adjusted-clock.ts";
import { systemClock } from "./system/clock.ts";
import { createHost } from "./system/host.ts";
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
const CONSOLE_DIR = new URL("../console/dist/", import.meta.url);
const DAY_MS = 24 * 60 * 60 * 1000;

export interface Daemon {
  readonly version: string;
  /** Accepts requests and starts work. Returns the URL that the daemon listens on. */
  listen(): Promise<string>;
  /** Returns the URL of the console that logs in the browser that opens it first. */
  loginLink(): string;
  /** Stops cleanly, at whatever point the start is. */
  stop(): Promise<void>;
}

/** Parts that `dev` or a test replaces. */
export interface Replacements {
  /** The entry file of the store's writer thread. */
  readonly storeWriter?: URL;
  /** Receives the log, a line at a time. */
  readonly logOutput?: { write(line: string): void };
  /** Receives each plugin of PLUGINS_DIR when it was loaded, and when it was loaded again with changed files. */
  readonly onPluginLoaded?: (plugin: ReadyPlugin) => void;
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
  for (const warning of warningsOf(settings)) say(warning);
  const clock = createAdjustedClock(systemClock);
  let listeningOn = "";
  let notReady: readonly string[] = ["The daemon is starting."];
  const links = createLinks(() => settings.publicUrl ?? listeningOn);
  const log = openLog(settings, replacements.logOutput);
  const onError = createErrorLog(log);
  const tracer = await openTracer(settings, log);
  const addressFile = createAddressFile(dataDir, onError("address.not-written"));

  const storeHealth = createStoreHealth({ clock, log });
  const added = openAddedTokens(settings, {
    dataDir,
    inStore: () => engine.tokens,
    onError: onError("tokens.not-read"),
  });
  const tokens = createKnownTokens({ ownToken, added: () => added.all() });
  const files = await openContents(settings, { say, store: () => store });
  const parts = { clock, log, say, onError, storeHealth, replacements };
  const [opened, plugins] = await openStoreAndPlugins(settings, parts);
  const { store, tokenStore, bus, vault, storedSecrets, signer } = opened;
  const watchingStore = storeHealth.watch(store);
  const [metrics, sender] = [createMetrics(), openSender(settings)];
  const engine = createEngine({
    store,
    tokenStore,
    bus,
    pool: plugins.createPool(),
    catalog: withPlainValues(plugins.catalog),
    sender,
    vault,
    storedSecrets,
    secretVariable: (name) => variableOf(name, settings.pluginSecrets.get(name)),
    signer,
    contents: files.contents,
    log,
    clock,
    ids: createIds(() => clock.now()),
    telemetry: metrics,
    tracer,
    host: createHost({ ...settings, dataDir, executorEnds: plugins.executorEnds }),
    digest: (text) => createHash("sha256").update(text).digest("base64"),
    urlRefusal: (url) => urlRefusal(url, settings.egress),
    settings: toEngineSettings(settings, links),
  });
  const { loginLink, ...access } = openAccess(settings, {
    stored: engine.sessions,
    tokens,
    added,
    vault,
    clock,
    machineClock: systemClock,
  });
  const http = createHttpServer({
    engine,
    reads: store,
    catalog: plugins.catalog,
    metrics,
    tokens,
    clock,
    ...access,
    logger: log,
    settings: { ...toHttpSettings(settings), jobUrl: links.job, batchUrl: links.batch },
    notReady: () => distinct(notReady, storeHealth.whyNotWriting(), store.whyNotReady()),
  });

  return {
    version: VERSION,
    async listen() {
      await Promise.all([added.read(), engine.sessions.read()]);
      // After a beat no command rotates the key. One that did it before has made this daemon's key the wrong one.
      await engine.beat();
      await checkVault(store, vault);
      await files.own();
      await http
        .listen({ host: settings.host, port: settings.port, backlog: BACKLOG })
        .catch((error: unknown) => {
          throw cannotListen(error, settings);
        });
      listeningOn = toUrl(settings.host, http.server.address() as AddressInfo);
      await engine.start();
      await addressFile.write(listeningOn);
      notReady = [];
      return listeningOn;
    },
    loginLink: () => loginLink(settings.publicUrl ?? listeningOn),
    async stop() {
      notReady = ["The daemon is stopping."];
      await engine.stop({ graceMs: settings.graceMs });
      await http.close();
      await addressFile.remove();
      await Promise.all([plugins.close(), sender.close(), tracer?.close(), files.close()]);
      await watchingStore.stop();
      await opened.close();
    },
  };
}

function distinct(...lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())];
}

/** At the same time: reading the plugins takes as long as opening the store. */
function openStoreAndPlugins(
  settings: Settings,
  parts: {
    readonly clock: AdjustedClock;
    readonly log: Logger;
    readonly say: (line: string) => void;
    readonly onError: ReturnType<typeof createErrorLog>;
    readonly storeHealth: { readonly onWriteFailed: (error: unknown) => void };
    readonly replacements: Replacements;
  },
) {
  const { clock, log, say, onError, replacements } = parts;
  const { onWriteFailed } = parts.storeHealth;
  const { storeWriter, onPluginLoaded } = replacements;
  const storeOpening = openStore(settings, { clock, log, storeWriter, onWriteFailed });
  const storedSecrets = createStoredSecrets(storeOpening);
  const opening = storeOpening.then((store) => ({ ...store, storedSecrets }));
  return openBoth(
    opening,
    openPlugins(settings, {
      storedSecrets,
      memory: createPluginMemory(storeOpening, onError("plugins.not-stored")),
      ...logPlugins(log, onPluginLoaded),
      say,
      clock,
    }),
  );
}

function openSender(settings: Settings) {
  return createUndiciSender({
    connectionsPerOrigin: CONNECTIONS_PER_ORIGIN,
    egress: webhookEgress(settings),
    resolve: createResolver(),
  });
}

/** The engine knows numbers as they were written, and schemas check those of JavaScript. */
function withPlainValues(catalog: PluginCatalog): PluginCatalog {
  return {
    ...catalog,
    checkInput: (name, input) => catalog.checkInput(name, withPlainNumbers(input)),
    checkOptions: (name, options) => catalog.checkOptions(name, withPlainNumbers(options)),
  };
}

/** Returns a function that makes a callback, which logs an error as the event. */
function createErrorLog(log: Logger) {
  return (event: string) =>
    (error: unknown): void =>
      log.error({ err: error }, event);
}

function openLog({ logLevel }: Settings, output: Replacements["logOutput"]): Logger {
  const onDropped = (lines: number): void => log.warn({ lines }, "log.lines-dropped");
  const log = pino({ level: logLevel }, output ?? createLineOutput(process.stderr, { onDropped }));
  return log;
}

function warningsOf(settings: Settings): readonly string[] {
  const warnings = [
    exposureWarning(settings),
    proxyWarning(settings),
    linkWarning(settings),
    ...variableWarnings(),
    ...kubernetesWarnings(),
  ];
  return warnings.filter((warning) => warning !== null);
}

function toEngineSettings(settings: Settings, links: Links): EngineSettings {
  return {
    maxQueued: settings.maxQueued,
    maxMetadataBytes: settings.metadataLimit,
    maxInputBytes: settings.bodyLimit,
    maxLogBytes: settings.logLimit,
    maxBatchJobs: settings.maxBatchJobs,
    pluginWaitMs: settings.pluginWaitMs,
    maxWebhooks: settings.maxWebhooks,
    maxInFlight: settings.maxDeliveriesInFlight,
    maxBytesInFlight: MAX_BYTES_IN_FLIGHT,
    maxConcurrency: MAX_CONCURRENCY,
    maxDeliveryAgeMs: settings.maxDeliveryAgeMs,
    retentionMs: settings.retentionDays * DAY_MS,
    failedRetentionMs: (settings.retentionFailedDays ?? settings.retentionDays) * DAY_MS,
    payloadRetentionMs: (settings.retentionPayloadDays ?? Infinity) * DAY_MS,
    failedPayloadRetentionMs:
      (settings.retentionFailedPayloadDays ?? settings.retentionPayloadDays ?? Infinity) * DAY_MS,
    maxEndedJobs: settings.retentionMaxJobs ?? Infinity,
    maxStoredBytes: settings.retentionMaxBytes ?? Infinity,
    fileLimit: settings.fileLimit,
    jobFilesLimit: settings.jobFilesLimit,
    filesLimit: settings.filesLimit,
    // SQLite's file is locked.
    userAgent: `Playground/${VERSION}`,
    jobUrl: links.job,
    batchUrl: links.batch,
    fileUrl: links.file,
    traces: settings.traces,
    traceUrl: (traceId) => settings.traceUrl?.replaceAll("{traceId}", traceId) ?? null,
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
    consoleDir: CONSOLE_DIR,
    given: settings.given,
    sessionMs: settings.sessionDays * DAY_MS,
    environment: settings.environment,
    trustedProxies: settings.trustedProxies ?? [],
  };
}

function toUrl(host: string, { port }: AddressInfo): string {
  const shown = host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
