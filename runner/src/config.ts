/**
 * The daemon's settings. Each one is an environment variable `PLAYGROUND_*` and a flag. The daemon
 * reads process.env only here.
 */
import { availableParallelism } from "node:os";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { z } from "zod";
import { MAX_BATCH_JOBS } from "./domain/batch.ts";
import { MAX_BODY_LIMIT, DEFAULT_OUTPUT_LIMIT_BYTES, MAX_JOB_OUTPUT_BYTES } from "./domain/job.ts";
import { parseEgressPolicy, type EgressPolicy } from "./egress/policy.ts";
import { isKubernetesLink } from "./startup/kubernetes-link.ts";
import { readSecretFile } from "./startup/read-secret-file.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

const integer = (min: number, max: number) =>
  z.coerce
    .number(`must be a whole number from ${min} to ${max}`)
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);

const url = z
  .url({
    protocol: /^https?$/,
    error: "must be an http or https URL, such as https://jobs.example.com",
  })
  .transform((text) => text.replace(/\/+$/, ""));

export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug", "trace"] as const;

/** `--help` and docs/reference/configuration.md list the settings in this order. */
export const Settings = z.object({
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
    .describe("Folder for the database and the token. It is created if it does not exist."),
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
      "Heap limit of a worker thread, in MiB, and the limit of its buffers. A plugin that exceeds either fails, and its thread is replaced.",
    ),
  publicUrl: url
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
      "Additional host names under which clients reach the daemon, separated by commas. Always allowed are IP addresses, names without a dot, names under `.internal` and the name in the public URL. Requests to other names are refused.",
    ),
  egress: z
    .string()
    .transform((text, ctx): EgressPolicy => {
      try {
        return parseEgressPolicy(text);
      } catch (error) {
        ctx.addIssue({ code: "custom", message: (error as Error).message, input: text });
        return z.NEVER;
      }
    })
    .prefault("private")
    .describe(
      "Addresses that webhooks and `ctx.fetch` can connect to. `private`: public addresses and private networks. `public`: public addresses only. A list of CIDRs, separated by commas: only these. Link-local and metadata addresses are never allowed.",
    ),
  secretKey: z
    .string()
    .refine((text) => Buffer.from(text, "base64").length === 32, "must be 32 bytes in base64")
    .optional()
    .describe(
      "Key that encrypts the secrets and headers of webhooks: 32 bytes in base64. Default: generated at the first start and stored in the data folder. The flag is deprecated, because other users of the machine can see it.",
    ),
  secretKeyFile: z
    .string()
    .min(1, "must be the path of a file")
    .optional()
    .describe(
      "File that contains the key that encrypts the secrets and headers of webhooks. It takes the place of the key.",
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
  graceMs: integer(0, 10 * 60 * 1000)
    .default(5_000)
    .describe(
      "Time that a plugin has to stop after a cancellation, after a timeout or when the daemon stops, in ms. Then its thread is ended.",
    ),
  bodyLimit: integer(1024, MAX_BODY_LIMIT)
    .default(16 * 1024 * 1024)
    .describe(
      "Maximum size of a request body, in bytes. A compressed body counts as what it is without compression.",
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
  logLimit: integer(1024, 256 * 1024 * 1024)
    .default(4 * 1024 * 1024)
    .describe(
      "Maximum size of the log of all steps of a job together, in bytes. Further lines are dropped. The count starts again each time the job is claimed.",
    ),
  requestTimeoutMs: integer(1_000, 60 * 60 * 1000)
    .default(120_000)
    .describe(
      "Time in which a whole request must arrive, in ms. Its headers must arrive within 60 s. A client that reads nothing of its response for 30 s is disconnected. A smaller value lowers both limits.",
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
      "Maximum number of requests in flight. Further requests are refused with 503, and so are requests whose bodies would exceed 256 MiB together. Requests that wait for a job or an event do not count.",
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
  retentionDays: z.coerce
    .number("must be a number of days")
    .positive("must be above 0")
    .max(36_500, "must be at most 36500")
    .default(7)
    .describe("Number of days after which ended jobs are deleted."),
  logLevel: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`)
    .default("info")
    .describe("Least severe level that is written to the log."),
});

export interface Settings extends z.output<typeof Settings> {
  /** The environment that plugins see: all variables except the daemon's own, which contain the token. */
  readonly env: Readonly<Record<string, string>>;
}

/** A setting with an invalid value. The message names the setting, the value and what it must be. */
export class BadSetting extends Error {
  override readonly name = "BadSetting";
}

const KEYS = Object.keys(Settings.shape);
/** Settings whose value is never shown. Each can be read from a file, which another setting names. */
const SECRET_FILES = { token: "tokenFile", secretKey: "secretKeyFile" } as const;

const PREFIX = "PLAYGROUND_";

type Environment = Readonly<Record<string, string | undefined>>;

export function toEnvName(key: string): string {
  return `${PREFIX}${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

export const SETTING_NAMES: readonly string[] = KEYS.map(toEnvName);

export const DEFAULTS = Settings.parse({});

/** Returns the environment variables that begin with `PLAYGROUND_` but are not settings. */
export function unknownVariables(env: Environment = process.env): string[] {
  return Object.keys(env).filter(
    (name) =>
      name.startsWith(PREFIX) &&
      !SETTING_NAMES.includes(name) &&
      !isKubernetesLink(name, env[name]),
  );
}

/** Returns the settings' variables that are ignored because Kubernetes set them for a service. */
export function kubernetesVariables(env: Environment = process.env): string[] {
  return SETTING_NAMES.filter((name) => isKubernetesLink(name, env[name]));
}

/** Returns the command to show before arguments, depending on how this process was started. */
export function ownCommand(env: Environment = process.env): string {
  return env["npm_lifecycle_event"] === "start" ? "npm start --" : "playground-runner";
}

export function toFlagName(key: string): string {
  return key.replace(/[A-Z]/g, "-$&").toLowerCase();
}

/** The settings' flags, as `util.parseArgs` expects them. */
export const SETTING_FLAGS: Readonly<Record<string, { readonly type: "string" }>> =
  Object.fromEntries(KEYS.map((key) => [toFlagName(key), { type: "string" }]));

/** Reads settings from the arguments, then from the environment. Throws `BadSetting`. */
export function parseSettings(args: readonly string[], env: Environment = process.env): Settings {
  const { values } = parseFlags({ args, options: SETTING_FLAGS }, env);
  return readSettings(values as Record<string, string>, env);
}

/**
 * Reads each setting from its flag or, without one, from the environment. An empty variable counts
 * as not set. Throws `BadSetting`.
 */
export function readSettings(
  flags: Readonly<Record<string, string | undefined>>,
  env: Environment = process.env,
): Settings {
  const given: Record<string, string> = {};
  const source: Record<string, string> = {};
  for (const key of KEYS) {
    const value = flags[toFlagName(key)] ?? readVariable(toEnvName(key), env);
    if (value === undefined) continue;
    given[key] = value;
    source[key] = flags[toFlagName(key)] === undefined ? toEnvName(key) : `--${toFlagName(key)}`;
  }
  readSecretFiles(given, source);
  const parsed = Settings.safeParse(given);
  if (parsed.success) return { ...parsed.data, env: withoutOurs(env) };
  const problems = parsed.error.issues.map(({ path, message }) => {
    const key = String(path[0]);
    const value = key in SECRET_FILES ? "(not shown)" : JSON.stringify(given[key]);
    return `${source[key] ?? toEnvName(key)} is ${value}: it ${message}.`;
  });
  throw new BadSetting(problems.join("\n"));
}

/** Adds the secrets that are in files to the given settings. */
function readSecretFiles(given: Record<string, string>, source: Record<string, string>): void {
  for (const [key, fileKey] of Object.entries(SECRET_FILES)) {
    const path = given[fileKey];
    if (path === undefined) continue;
    const shown = `${source[fileKey]} is ${JSON.stringify(path)}`;
    if (given[key] !== undefined) {
      throw new BadSetting(`${shown}: it must be left out, because ${source[key]} is set too.`);
    }
    try {
      given[key] = readSecretFile(path);
    } catch (error) {
      throw new BadSetting(`${shown}: it ${(error as Error).message}.`, { cause: error });
    }
    source[key] = `The content of ${source[fileKey]}`;
  }
}

function readVariable(name: string, env: Environment): string | undefined {
  return isKubernetesLink(name, env[name]) ? undefined : env[name] || undefined;
}

function withoutOurs(env: Environment): Record<string, string> {
  const others = Object.entries(env).filter(([name]) => !name.startsWith(PREFIX));
  return Object.fromEntries(others) as Record<string, string>;
}

/** `util.parseArgs`, strict. Throws `BadSetting`. */
export function parseFlags(
  config: ParseArgsConfig,
  env: Environment = process.env,
): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
} {
  try {
    return parseArgs({ ...config, strict: true });
  } catch (error) {
    const message = (error as Error).message.split(". To specify")[0];
    throw new BadSetting(`${message}. \`${ownCommand(env)} --help\` lists the settings.`);
  }
}
