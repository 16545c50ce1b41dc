/** What the engine is made of. */
import type { TracePolicy } from "../domain/trace-context.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { FileContents } from "../ports/file-contents.ts";
import type { Host } from "../ports/host.ts";
import type { Ids } from "../ports/ids.ts";
import type { Log } from "../ports/log.ts";
import type { PluginCatalog } from "../ports/plugin-catalog.ts";
import type { PluginPool } from "../ports/plugin-pool.ts";
import type { Sender } from "../ports/sender.ts";
import type { Signer } from "../ports/signer.ts";
import type { Store } from "../ports/store/store.ts";
import type { StoredSecrets } from "../ports/stored-secrets.ts";
import type { TokenStore } from "../ports/store/tokens.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Tracer } from "../ports/tracer.ts";
import type { Vault } from "../ports/vault.ts";

export interface EngineSettings {
  readonly maxWebhooks: number;
  readonly maxBytesInFlight: number;
  /** The most attempts in flight to one destination. */
  readonly maxConcurrency: number;
  readonly maxQueued: number;
  readonly maxMetadataBytes: number;
  /** The largest input that requests are collected in, in bytes. */
  readonly maxInputBytes: number;
  /** The log that a job can write under one claim, in bytes. */
  readonly maxLogBytes: number;
  readonly maxBatchJobs: number;
  readonly maxInFlight: number;
  /** How long a job waits for a plugin that cannot be loaded, in ms. */
  readonly pluginWaitMs: number;
  /** How long a job is kept after its end. */
  readonly retentionMs: number;
  /** The same for a job that failed. */
  readonly failedRetentionMs: number;
  /** How long a job keeps its payloads after its end. Infinity: as long as it is kept. */
  readonly payloadRetentionMs: number;
  /** The same for a job that failed. */
  readonly failedPayloadRetentionMs: number;
  /** The most jobs that have ended. */
  readonly maxEndedJobs: number;
  /** The most bytes that the database's rows take. */
  readonly maxStoredBytes: number;
  /** The largest file, in bytes. */
  readonly fileLimit: number;
  /** The bytes of files that a job can write under one claim. */
  readonly jobFilesLimit: number;
  /** The bytes of all files together. */
  readonly filesLimit: number;
  readonly maxDeliveryAgeMs: number;
  readonly userAgent: string;
  readonly jobUrl: (jobId: string) => string;
  readonly batchUrl: (batchId: string) => string;
  /** The URL of a file's content. */
  readonly fileUrl: (fileId: string) => string;
  readonly traces: TracePolicy;
  /** Where a trace is shown. Null if the operator has not said it. */
  readonly traceUrl: (traceId: string) => string | null;
}

export interface EngineDeps {
  readonly store: Store;
  /** Null if the tokens are elsewhere. */
  readonly tokenStore: TokenStore | null;
  /** To the other daemons that have the store open. */
  readonly bus: Bus;
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
  readonly storedSecrets: StoredSecrets;
  /** The environment variable of this daemon that has the secret, or names its file. Null without one. */
  readonly secretVariable: (name: string) => string | null;
  /** Signs the links to files. */
  readonly signer: Signer;
  readonly contents: FileContents;
  readonly telemetry: Telemetry;
  /** Null if spans are not recorded. */
  readonly tracer: Tracer | null;
  readonly host: Host;
  readonly log: Log;
  readonly settings: EngineSettings;
}
