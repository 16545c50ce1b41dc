/** Each setting: its values, its default, and what it does. */
import { availableParallelism } from "node:os";
import { z } from "zod";
import { MAX_BATCH_JOBS } from "../domain/batch.ts";
import { DEFAULT_FILE_LIMIT_BYTES } from "../domain/file.ts";
import {
  MAX_BODY_LIMIT,
  DEFAULT_OUTPUT_LIMIT_BYTES,
  MAX_JOB_OUTPUT_BYTES,
} from "../domain/limits.ts";
import { parseEgressPolicy } from "../egress/policy.ts";
import { parseBypasses, parseProxyUrl } from "../egress/proxy-settings.ts";
import { availableMemoryMb } from "../system/available-memory.ts";
import { BUCKET_SETTINGS } from "./bucket-settings.ts";
import { parseDatabaseUrl } from "./parse-database-url.ts";
import { parseProxies } from "./parse-proxies.ts";
import { readCertificates, readPrivateKey } from "./read-pem-file.ts";
import { httpUrl, integer, parsed } from "./setting-types.ts";
import { RETENTION_SETTINGS } from "./retention-settings.ts";
import { TRACE_SETTINGS } from "./trace-settings.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug", "trace"] as const;

/** The rest is for the daemon, the system's cache of files and other programs. */
const EXECUTOR_PART = 0.6;

/** `start --help` and docs/reference/configuration.md list the settings in this order. */
export const SETTINGS = z.object({
  host: z
    .string()
    .min(1, "must be an address or host name, such as 127.0.0.1")
    .default("127.0.0.1")
    .describe(
      "Address to listen on. If it is not a loopback address, put a TLS proxy in front of the daemon.",
    ),
  port: integer(0, 65_535).default(8787).describe("Port to listen on. 0 chooses any free port."),
  dataDir: z
    .string()
    .min(1, "must be the path of a folder")
    .default("./data")
    .describe(
      "Folder for the database, the token and the contents of files. It is created if it does not exist.",
    ),
  databaseUrl: parsed(parseDatabaseUrl)
    .optional()
    .describe(
      "URL of a PostgreSQL database, version 15 or later, such as `postgres://playground:PASSWORD@db.example.com/playground`, which any number of daemons can share. The URL can contain a password: then use the variable or the file, because other users of the machine can see the flag. `sslmode` is `disable`, `require`, `verify-ca` or `verify-full`, as PostgreSQL defines them; without it the connection is not encrypted. Default: an SQLite file in the data folder, for one daemon.",
    ),
  databaseUrlFile: z
    .string()
    .min(1, "must be the path of a file")
    .optional()
    .describe("File that contains the URL of the database. It takes the place of the URL."),
  pluginsDir: z
    .string()
    .min(1, "must be the path of a folder")
    .default("./plugins")
    .describe("Folder to load plugins from, in addition to the built-in ones."),
  filesDir: z
    .string()
    .min(1, "must be the path of a folder")
    .optional()
    .describe(
      "Folder in which jobs can read and write files. Default: the folder `files` in the data folder.",
    ),
  token: z
    .string()
    .min(16, "must be at least 16 characters long, or left out to generate one")
    .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces")
    .optional()
    .describe(
      "Bearer token of the API. Default: generated at the first start and stored in the data folder. The flag is deprecated, because other users of the machine can see it.",
    ),
  tokenFile: z
    .string()
    .min(1, "must be the path of a file")
    .optional()
    .describe("File that contains the bearer token of the API. It takes the place of the token."),
  threads: integer(1, 256)
    .default(() => Math.max(2, availableParallelism()))
    .describe(
      "Number of worker threads. Each thread runs one plugin at a time. Default: one per core, at least 2.",
    ),
  threadMemoryMb: integer(16, 65_536)
    .default(512)
    .describe(
      "Limit of the live data on a worker thread's heap, in MiB, and of its buffers. A plugin that exceeds one of them fails, and its thread is replaced.",
    ),
  executorMemoryMb: integer(256, 4_194_304)
    .default(() => Math.max(256, Math.floor(EXECUTOR_PART * availableMemoryMb())))
    .describe(
      "Limit of the resident memory of the processes that run plugins, in MiB, native code included. Above it the plugin that uses most fails, or its process is replaced. Default: 60 % of the machine's memory, or of the container's limit.",
    ),
  publicUrl: httpUrl
    .optional()
    .describe(
      "URL under which clients reach the daemon. Events contain links to it. If it has a path, responses add the path to `Location` and to the `type` of an error. Default: the address that the daemon listens on.",
    ),
  allowedHosts: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .refine(
      (names) => names.every((name) => /^[\w.-]{1,253}$/.test(name)),
      "must be host names without ports, separated by commas, such as jobs.lan,jobs.example.org",
    )
    .optional()
    .describe(
      "Additional host names under which clients reach the daemon, separated by commas. Always allowed are IP addresses, names without a dot, names under `.internal` and `.localhost`, and the name in the public URL. Requests to other names are refused.",
    ),
  trustedProxies: parsed(parseProxies)
    .optional()
    .describe(
      "Addresses or CIDRs of the proxies in front of the daemon, separated by commas. Their `X-Forwarded-For` names the client, whose failed logins are limited and logged. No other `X-Forwarded-*` header is used, and without this setting none is.",
    ),
  sessionDays: z.coerce
    .number("must be a number of days")
    .positive("must be above 0")
    .max(365, "must be at most 365")
    .default(7)
    .describe("Number of days after which a browser must log in to the console again."),
  environment: z
    .string()
    .regex(/^[^\p{C}]{1,32}$/u, "must be 1 to 32 characters without line breaks")
    .optional()
    .describe(
      "Name of the daemon's environment, such as `staging`, which the console shows on every page. `production` is shown in a warning colour.",
    ),
  egress: parsed(parseEgressPolicy)
    .prefault("private")
    .describe(
      "Addresses that webhooks and `ctx.fetch` can connect to. `private`: public addresses and private networks. `public`: public addresses only. A list of CIDRs, separated by commas: only these. Link-local and metadata addresses are never allowed.",
    ),
  fetchEgress: parsed(parseEgressPolicy)
    .optional()
    .describe(
      "Addresses that `ctx.fetch` of plugins can connect to, if they differ from those of webhooks. The values are the same. Default: the value of `PLAYGROUND_EGRESS`.",
    ),
  proxy: parsed(parseProxyUrl)
    .optional()
    .describe(
      "Forward proxy for webhooks and `ctx.fetch`, such as `http://proxy.example.com:3128`. The URL can contain a user name and a password: then use the variable, because other users of the machine can see the flag. `HTTP_PROXY` and `HTTPS_PROXY` are not used. The proxy resolves names, so it must also refuse the addresses that the daemon must not reach.",
    ),
  noProxy: parsed(parseBypasses)
    .prefault("localhost,127.0.0.0/8,::1")
    .describe(
      "Hosts that are reached without the proxy, separated by commas: names with their subdomains, addresses or CIDRs, each with or without a port, or `*` for all. Names are not resolved for it.",
    ),
  caFile: parsed(readCertificates)
    .optional()
    .describe(
      "PEM file with certificates of authorities that webhooks and `ctx.fetch` trust in addition to Node's. It is read at the start.",
    ),
  clientCertFile: parsed(readCertificates)
    .optional()
    .describe(
      "PEM file with the certificate that webhooks' endpoints get if they ask for one and the webhook has none of its own, followed by its intermediate certificates. `ctx.fetch` does not use it. It is read at the start.",
    ),
  clientKeyFile: parsed(readPrivateKey)
    .optional()
    .describe("PEM file with the private key of the client certificate, without a passphrase."),
  secretKey: z
    .string()
    .refine((text) => Buffer.from(text, "base64").length === 32, "must be 32 bytes in base64")
    .optional()
    .describe(
      "Key that encrypts the secrets and headers of webhooks, and the secrets of plugins: 32 bytes in base64. Default: generated at the first start and stored in the data folder. The flag is deprecated, because other users of the machine can see it.",
    ),
  secretKeyFile: z
    .string()
    .min(1, "must be the path of a file")
    .optional()
    .describe(
      "File that contains the key that encrypts the secrets and headers of webhooks, and the secrets of plugins. It takes the place of the key.",
    ),
  maxWebhooks: integer(0, 1_000_000)
    .default(100_000)
    .describe("Maximum number of persistent webhooks."),
  pluginTimeoutMs: integer(1, 7 * DAY_MS)
    .default(60 * 60 * 1000)
    .describe("Time limit for one run of a plugin that sets no `timeoutMs`, in ms."),
  pluginWaitMs: integer(0, 7 * DAY_MS)
    .default(60 * 60 * 1000)
    .describe(
      "Time that a job waits for a plugin that is missing or cannot be loaded, in ms. Then the job fails.",
    ),
  pluginEnv: z
    .enum(["all", "declared"], "must be all or declared")
    .default("all")
    .describe(
      "Environment variables that plugins get. `all`: those of the daemon, except its own; the job's log warns of each that a plugin reads and does not declare in `env`. `declared`: only those, and variables of the system such as `PATH`. The next major version uses `declared`.",
    ),
  graceMs: integer(0, 10 * 60 * 1000)
    .default(5_000)
    .describe(
      "Time that a plugin has to stop after a cancellation, after a timeout or when the daemon stops, in ms. Then its thread is ended.",
    ),
  bodyLimit: integer(1024, MAX_BODY_LIMIT)
    .default(16 * 1024 * 1024)
    .describe(
      "Maximum size of a request body, in bytes. A compressed body counts as what it is without compression. Its JSON can contain at most 1,000,000 values, whatever its size.",
    ),
  metadataLimit: integer(2, 256 * 1024)
    .default(16 * 1024)
    .describe(
      "Maximum size of a job's metadata, in bytes as JSON. Every event contains the metadata.",
    ),
  outputLimit: integer(1024, MAX_JOB_OUTPUT_BYTES)
    .default(DEFAULT_OUTPUT_LIMIT_BYTES)
    .describe(
      "Maximum size of a plugin's output, in bytes as JSON. A step with a larger output fails.",
    ),
  fileLimit: integer(1, 1024 ** 4)
    .default(DEFAULT_FILE_LIMIT_BYTES)
    .describe("Maximum size of one file that is uploaded or that a plugin writes, in bytes."),
  jobFilesLimit: integer(1, 1024 ** 4)
    .default(1024 ** 3)
    .describe(
      "Maximum size of the files that the plugins of a job write together, in bytes. A plugin that writes more gets an error. The count starts again each time the job is claimed.",
    ),
  filesLimit: integer(1, 1024 ** 5)
    .default(10 * 1024 ** 3)
    .describe(
      "Maximum size of all files together, in bytes, also of several daemons on one database. Further ones are refused with 507, and plugins that write some get an error. Files with the same content count once. The same happens when the disk has less than 256 MiB left.",
    ),
  ...BUCKET_SETTINGS,
  logLimit: integer(1024, 256 * 1024 * 1024)
    .default(4 * 1024 * 1024)
    .describe(
      "Maximum size of the log of all steps of a job together, in bytes. Further lines are dropped. The count starts again each time the job is claimed.",
    ),
  requestTimeoutMs: integer(1_000, 60 * 60 * 1000)
    .default(120_000)
    .describe(
      "Time in which a whole request must arrive, in ms. Its headers must arrive within 60 s, and at least 10 KiB of its body in each 10 s. The upload of a file may take longer in all. A client that reads nothing of its response for 30 s is disconnected. A smaller value lowers these limits.",
    ),
  maxQueued: integer(1, 100_000_000)
    .default(1_000_000)
    .describe("Maximum number of queued jobs. Further jobs are refused with 503."),
  maxBatchJobs: integer(1, MAX_BATCH_JOBS)
    .default(1_000)
    .describe("Maximum number of jobs in one batch."),
  // All of them can start in one event loop iteration, and health checks wait until it ends.
  maxRequests: integer(1, 100_000)
    .default(200)
    .describe(
      "Maximum number of requests in flight. Further requests are refused with 503, and so are requests whose bodies, or whose unread responses, would occupy more than 256 MiB of memory together, or an eighth of the memory if that is less. Requests that wait for a job or an event do not count.",
    ),
  maxWaits: integer(0, 100_000)
    .default(1_000)
    .describe(
      "Maximum number of requests that wait because of `Prefer: wait`. Further ones get their response without waiting.",
    ),
  maxStreams: integer(0, 100_000)
    .default(1_000)
    .describe("Maximum number of open event streams. Further ones are refused with 503."),
  maxDeliveriesInFlight: integer(1, 10_000)
    .default(1024)
    .describe("Maximum number of webhook requests in flight to all endpoints together."),
  maxDeliveryAgeMs: integer(60_000, 366 * DAY_MS)
    .default(7 * DAY_MS)
    .describe(
      "Age at which an event that an endpoint does not accept is given up, in ms. Time in which its webhook was paused or the daemon was down does not count.",
    ),
  ...RETENTION_SETTINGS,
  secureDelete: z
    .enum(["true", "false"], "must be true or false")
    .prefault("false")
    .transform((text) => text === "true")
    .describe(
      "`true`: what is deleted from the database is overwritten with zeros. Otherwise it stays in the file until its place is used again.",
    ),
  ...TRACE_SETTINGS,
  logLevel: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`)
    .default("info")
    .describe("Least severe level that is written to the log."),
});
