/** Puts the daemon together; the only file that knows every adapter. */
import { createHash } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { destination, pino } from "pino";
import {
  CannotStart,
  cannotListen,
  cannotReadPluginsDir,
  cannotUseDataDir,
} from "./startup/cannot-start.ts";
import { systemClock } from "./system/clock.ts";
import { checkVault, isSealed } from "./secrets/check-vault.ts";
import type { Settings } from "./config.ts";
import { databasePath } from "./startup/database-path.ts";
import { createResolver } from "./egress/resolver.ts";
import { urlRefusal } from "./egress/url-refusal.ts";
import { createEngine } from "./engine/create-engine.ts";
import { createHttpServer } from "./http/server.ts";
import { createIds } from "./system/ids.ts";
import { exposureWarning } from "./startup/exposure-warning.ts";
import { createMetrics } from "./system/metrics.ts";
import { createBrokenLog } from "./pool/catalog/log-broken.ts";
import { createPluginCatalog, type LivePluginCatalog } from "./pool/catalog/plugin-catalog.ts";
import { createPluginPool } from "./pool/plugin-pool.ts";
import type { PluginInfo } from "./ports/plugin-catalog.ts";
import type { PluginPool } from "./ports/plugin-pool.ts";
import { createUndiciSender } from "./sender/undici-sender.ts";
import { missingPluginsDirWarning, variableWarnings } from "./startup/setting-warnings.ts";
import { createSqliteStore } from "./store/sqlite/sqlite-store.ts";
import { CannotOpen } from "./store/sqlite/store-error.ts";
import { createKnownTokens } from "./secrets/known-tokens.ts";
import { loadToken } from "./secrets/own-token.ts";
import { createVault, loadVaultKey } from "./secrets/vault.ts";
import { VERSION } from "./version.ts";

const CONNECTIONS_PER_ORIGIN = 64;
/**
 * Attempts that one endpoint may have in flight; beyond its connections they wait in the sender, so
 * that these need not wait for the next claim's commit.
 */
const MAX_CONCURRENCY = 512;
/** Bodies of attempts in flight, in bytes: bounds what deliveries hold in memory. */
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;
/** Connections that wait to be taken; one too many is tried again by its client's system after a second or more. */
const BACKLOG = 4096;
const DAY_MS = 24 * 60 * 60 * 1000;
const OWNER_ONLY = 0o700;
const BUILT_IN_PLUGINS = fileURLToPath(new URL("./plugins", import.meta.url));

export interface Daemon {
  readonly version: string;
  /** Takes requests and work; gives the URL that it listens on. */
  listen(): Promise<string>;
  /** Ends cleanly, however far the start came. */
  stop(): Promise<void>;
}

/** What a test may put in another's place. */
export interface Replacements {
  /** Entry of the store's writer thread. */
  readonly storeWriter?: URL;
}

/**
 * Opens everything but the port. `say` prints a line for the person who starts it.
 * Throws `CannotStart`.
 */
export async function composeDaemon(
  settings: Settings,
  say: (line: string) => void,
  replacements: Replacements = {},
): Promise<Daemon> {
  const { dataDir, token, path, isNew } = await openDataDir(settings);
  if (isNew) say(`Made a token for the API: ${token}`);
  if (path !== null) say(`The API's token is kept in ${path}`);
  for (const warning of [exposureWarning(settings), ...variableWarnings()]) {
    if (warning !== null) say(warning);
  }

  const log = pino({ level: settings.logLevel }, destination({ fd: 2, sync: true }));
  const onError = (error: unknown): void => log.error({ err: error }, "tokens.not-read");
  const tokens = createKnownTokens({ ownToken: token, dataDir, onError });
  const [{ store, vault }, plugins] = await openBoth(
    openStore(settings, replacements),
    composePlugins(settings, {
      onError: (error) => log.error({ err: error }, "plugins.not-read"),
      onChange: createBrokenLog(log),
      say,
    }),
  );
  const { catalog } = plugins;
  const pool = plugins.createPool();
  const policy = settings.egress;
  const sender = createUndiciSender({
    connectionsPerOrigin: CONNECTIONS_PER_ORIGIN,
    policy,
    resolve: createResolver(),
  });
  const metrics = createMetrics();
  let listeningOn = "";
  const urlIn =
    (collection: string) =>
    (id: string): string =>
      `${settings.publicUrl ?? listeningOn}/v1/${collection}/${encodeURIComponent(id)}`;
  const jobUrl = urlIn("jobs");
  const engine = createEngine({
    store,
    pool,
    catalog,
    sender,
    clock: systemClock,
    ids: createIds(() => systemClock.now()),
    digest: (text) => createHash("sha256").update(text).digest("base64"),
    urlRefusal: (url) => urlRefusal(url, policy),
    vault,
    telemetry: metrics,
    log,
    settings: {
      maxQueued: settings.maxQueued,
      maxMetadataBytes: settings.metadataLimit,
      maxLogBytes: settings.logLimit,
      maxBatchJobs: settings.maxBatchJobs,
      maxWebhooks: settings.maxWebhooks,
      maxInFlight: settings.maxDeliveriesInFlight,
      maxBytesInFlight: MAX_BYTES_IN_FLIGHT,
      maxConcurrency: MAX_CONCURRENCY,
      retentionMs: settings.retentionDays * DAY_MS,
      userAgent: `Playground/${VERSION}`,
      jobUrl,
    },
  });
  let notReady: readonly string[] = ["The daemon is starting."];
  const http = createHttpServer({
    engine,
    reads: store,
    catalog,
    metrics,
    logger: log,
    tokens,
    settings: { ...toHttpLimits(settings), jobUrl, batchUrl: urlIn("batches") },
    notReady: () => notReady,
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
      await store.close();
    },
  };
}

function toHttpLimits(settings: Settings) {
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

async function openDataDir(settings: Settings) {
  const dataDir = resolve(settings.dataDir);
  try {
    await mkdir(dataDir, { recursive: true, mode: OWNER_ONLY });
    return { dataDir, ...(await loadToken(dataDir, settings.token)) };
  } catch (error) {
    throw error instanceof CannotStart ? error : cannotUseDataDir(error, settings);
  }
}

/** The store, and the vault that what is sealed in it was sealed with. */
async function openStore(settings: Settings, { storeWriter }: Replacements) {
  const store = await createSqliteStore({
    path: databasePath(settings),
    ...(storeWriter && { writer: storeWriter }),
  }).catch((error: unknown) => {
    throw error instanceof CannotOpen ? new CannotStart(error.message, { cause: error }) : error;
  });
  try {
    const mayMake = !(await isSealed(store));
    const vault = createVault(await openVaultKey(settings, { mayMake }));
    await checkVault(store, vault);
    return { store, vault, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openVaultKey(settings: Settings, making: { mayMake: boolean }): Promise<Buffer> {
  try {
    return await loadVaultKey(resolve(settings.dataDir), settings.secretKey, making);
  } catch (error) {
    throw error instanceof CannotStart ? error : cannotUseDataDir(error, settings);
  }
}

interface Closable {
  close(): Promise<void>;
}

/** Opens two at once, as reading the plugins takes a thread of its own. Neither is left open alone. */
async function openBoth<A extends Closable, B extends Closable>(
  opening: Promise<A>,
  alsoOpening: Promise<B>,
): Promise<[A, B]> {
  try {
    return await Promise.all([opening, alsoOpening]);
  } catch (error) {
    const opened = await Promise.allSettled([opening, alsoOpening]);
    for (const each of opened) if (each.status === "fulfilled") await each.value.close();
    throw error;
  }
}

/** The plugins alone, for the commands that need no store, no port and no folder of their own. */
export async function composePlugins(
  settings: Settings,
  {
    onError = (error) => toStderr(`The plugins could not be read: ${String(error)}`),
    onChange = () => {},
    say = toStderr,
  }: {
    onError?: (error: unknown) => void;
    /** Is told of the plugins after each look, from the first. */
    onChange?: (plugins: readonly PluginInfo[]) => void;
    say?: (line: string) => void;
  } = {},
): Promise<{
  catalog: LivePluginCatalog;
  createPool(): PluginPool;
  close(): Promise<void>;
}> {
  const { env } = settings;
  const pluginsDir = resolve(settings.pluginsDir);
  await readdir(pluginsDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw cannotReadPluginsDir(error, settings);
    const warning = missingPluginsDirWarning(settings);
    if (warning !== null) say(warning);
  });
  const catalog = createPluginCatalog({
    builtinDir: BUILT_IN_PLUGINS,
    pluginsDir,
    onError,
    env,
  });
  catalog.onChange(() => onChange(catalog.list()));
  await catalog.ready();
  let pool: PluginPool | null = null;
  return {
    catalog,
    createPool() {
      pool ??= createPluginPool({
        catalog,
        threads: settings.threads,
        env,
        filesDir: resolve(settings.filesDir ?? join(settings.dataDir, "files")),
        egress: settings.egress,
        memoryMb: settings.threadMemoryMb,
        outputLimitBytes: settings.outputLimit,
        graceMs: settings.graceMs,
        pluginTimeoutMs: settings.pluginTimeoutMs,
      });
      return pool;
    },
    async close() {
      await pool?.close();
      await catalog.close();
    },
  };
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

function toUrl(host: string, { port }: AddressInfo): string {
  const shown = host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
