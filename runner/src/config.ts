/** The daemon's settings: each an environment variable `PLAYGROUND_*` and a flag. Only this file reads process.env. */
import { availableParallelism } from "node:os";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { z } from "zod";
import { MAX_BATCH_JOBS } from "./domain/batch.ts";
import { MAX_BODY_LIMIT, DEFAULT_OUTPUT_LIMIT_BYTES, MAX_JOB_OUTPUT_BYTES } from "./domain/job.ts";
import { parseEgressPolicy, type EgressPolicy } from "./egress/policy.ts";

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

/** In the order in which `--help` and docs/reference/configuration.md show them. */
export const Settings = z.object({
  host: z
    .string()
    .min(1, "must be an address or host name, such as 127.0.0.1")
    .default("127.0.0.1")
    .describe("Address to listen on. Anything but loopback needs TLS in front."),
  port: integer(0, 65_535).default(8787).describe("Port to listen on; 0 takes any free one."),
  dataDir: z
    .string()
    .min(1, "must be a folder's path")
    .default("./data")
    .describe("Folder of the database and the token; made if it is not there."),
  pluginsDir: z
    .string()
    .min(1, "must be a folder's path")
    .default("./plugins")
    .describe("Folder that plugins are loaded from, besides the built-in ones."),
  filesDir: z
    .string()
    .min(1, "must be a folder's path")
    .optional()
    .describe(
      "Folder that jobs may read files from and write them to. Default: files in the data folder.",
    ),
  token: z
    .string()
    .min(16, "must be at least 16 characters; leave it out and one is made")
    .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces")
    .optional()
    .describe(
      "Bearer token of the API. Default: made at the first start and kept in the data folder.",
    ),
  threads: integer(1, 256)
    .default(() => Math.max(2, availableParallelism()))
    .describe(
      "Worker threads, each running one plugin at a time. Default: one per core, at least 2.",
    ),
  threadMemoryMb: integer(16, 65_536)
    .default(512)
    .describe("Heap that a plugin may use before its thread is ended, in MiB."),
  publicUrl: url
    .optional()
    .describe(
      "URL under which clients reach the daemon; events link to it. Default: where it listens.",
    ),
  allowedHosts: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .refine(
      (names) => names.every((name) => /^[\w.-]{1,253}$/.test(name)),
      "must be host names with commas between, without ports, such as jobs.lan,jobs.example.org",
    )
    .optional()
    .describe(
      "Names, with commas between, that clients reach the daemon under, beside IP addresses, names without a dot or under .internal, and the name in the public URL. Requests to other names are refused.",
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
      "Where webhooks and ctx.fetch may connect: private (private networks too), public, or CIDRs with commas between. Link-local and metadata addresses never.",
    ),
  secretKey: z
    .string()
    .refine((text) => Buffer.from(text, "base64").length === 32, "must be 32 bytes in base64")
    .optional()
    .describe(
      "Key that webhook secrets and headers are encrypted with. Default: made at the first start and kept in the data folder.",
    ),
  maxWebhooks: integer(0, 1_000_000)
    .default(100_000)
    .describe("Persistent webhooks that may be registered."),
  pluginTimeoutMs: integer(1, 7 * DAY_MS)
    .default(60 * 60 * 1000)
    .describe("Longest run of a plugin that sets no timeoutMs of its own, in ms."),
  graceMs: integer(0, 10 * 60 * 1000)
    .default(5_000)
    .describe(
      "Time that a plugin gets to stop by itself when it is cancelled, timed out, or the daemon stops, in ms.",
    ),
  bodyLimit: integer(1024, MAX_BODY_LIMIT)
    .default(16 * 1024 * 1024)
    .describe("Largest request body, in bytes."),
  metadataLimit: integer(2, 256 * 1024)
    .default(16 * 1024)
    .describe("Largest metadata of a job, in bytes as JSON; every event carries it."),
  outputLimit: integer(1024, MAX_JOB_OUTPUT_BYTES)
    .default(DEFAULT_OUTPUT_LIMIT_BYTES)
    .describe("Largest output of a plugin, in bytes as JSON; a step with a larger one fails."),
  logLimit: integer(1024, 256 * 1024 * 1024)
    .default(4 * 1024 * 1024)
    .describe(
      "Log that a job keeps from one claim of it on, all its steps together, in bytes; further lines are dropped.",
    ),
  requestTimeoutMs: integer(1_000, 60 * 60 * 1000)
    .default(120_000)
    .describe(
      "Time that a whole request may take to arrive, in ms; its headers at most 60 s of it. A client that takes nothing of its answer for 30 s, or this time where it is shorter, is cut off.",
    ),
  maxQueued: integer(1, 100_000_000)
    .default(1_000_000)
    .describe("Jobs that may be queued; more are refused with 503."),
  maxBatchJobs: integer(1, MAX_BATCH_JOBS).default(1_000).describe("Jobs that one batch may have."),
  // All of them may begin in one turn of the event loop, and health waits for the turn's end.
  maxRequests: integer(1, 100_000)
    .default(200)
    .describe(
      "Requests that are worked on at once; more are refused with 503, as are those whose bodies would be over 256 MiB together. Those that wait for a job or an event are not counted.",
    ),
  maxWaits: integer(0, 100_000)
    .default(1_000)
    .describe(
      "Requests that `Prefer: wait` may hold at once; others are answered without waiting.",
    ),
  maxStreams: integer(0, 100_000)
    .default(1_000)
    .describe("Event streams that may be open at once; more are refused with 503."),
  maxDeliveriesInFlight: integer(1, 10_000)
    .default(1024)
    .describe("Webhook requests under way at once, to all endpoints together."),
  retentionDays: z.coerce
    .number("must be a number of days")
    .positive("must be above 0")
    .max(36_500, "must be at most 36500")
    .default(7)
    .describe("Days after which ended jobs are deleted."),
  logLevel: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`)
    .default("info")
    .describe("Least severe level that is logged."),
});

export interface Settings extends z.output<typeof Settings> {
  /** The environment that plugins see: all but our own variables, which hold the token. */
  readonly env: Readonly<Record<string, string>>;
}

/** A setting that cannot be used; the message names it, its value and what would be right. */
export class BadSetting extends Error {
  override readonly name = "BadSetting";
}

const KEYS = Object.keys(Settings.shape);
const SECRET: ReadonlySet<string> = new Set(["token", "secretKey"]);

const PREFIX = "PLAYGROUND_";

type Environment = Readonly<Record<string, string | undefined>>;

export function toEnvName(key: string): string {
  return `${PREFIX}${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

export const SETTING_NAMES: readonly string[] = KEYS.map(toEnvName);

export const DEFAULTS = Settings.parse({});

/** The environment's variables that look like settings and are none. */
export function unknownVariables(env: Environment = process.env): string[] {
  return Object.keys(env).filter(
    (name) => name.startsWith(PREFIX) && !SETTING_NAMES.includes(name),
  );
}

/** What to type before this program's arguments, where it was started as it was. */
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
 * Reads settings from the values of flags, then from the environment; an empty variable counts as not set.
 * Throws `BadSetting`.
 */
export function readSettings(
  flags: Readonly<Record<string, string | undefined>>,
  env: Environment = process.env,
): Settings {
  const given: Record<string, string> = {};
  const source: Record<string, string> = {};
  for (const key of KEYS) {
    const fromEnv = env[toEnvName(key)] || undefined;
    const value = flags[toFlagName(key)] ?? fromEnv;
    if (value === undefined) continue;
    given[key] = value;
    source[key] = flags[toFlagName(key)] === undefined ? toEnvName(key) : `--${toFlagName(key)}`;
  }
  const parsed = Settings.safeParse(given);
  if (parsed.success) return { ...parsed.data, env: withoutOurs(env) };
  const problems = parsed.error.issues.map(({ path, message }) => {
    const key = String(path[0]);
    const value = SECRET.has(key) ? "(not shown)" : JSON.stringify(given[key]);
    return `${source[key] ?? toEnvName(key)} is ${value}: it ${message}.`;
  });
  throw new BadSetting(problems.join("\n"));
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
