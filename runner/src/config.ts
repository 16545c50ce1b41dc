/**
 * Reads the daemon's settings. Each one is an environment variable `PLAYGROUND_*` and a flag. The
 * daemon reads process.env only here.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { z } from "zod";
import { bucketIssues } from "./startup/bucket-settings.ts";
import { CLIENT_SETTINGS } from "./startup/client-settings.ts";
import { isKubernetesLink } from "./startup/kubernetes-link.ts";
import { keyIssues } from "./startup/read-pem-file.ts";
import { sizeLimitIssues } from "./startup/parse-database-url.ts";
import { secretNameOf, secretSources, type SecretSource } from "./secrets/secret-variables.ts";
import { readSecretFile } from "./startup/read-secret-file.ts";
import { SETTINGS } from "./startup/settings.ts";
import { nearest } from "./domain/nearest.ts";

export interface Settings extends z.output<typeof SETTINGS> {
  /** The environment that plugins see: all variables except the daemon's own, which contain the token. */
  readonly env: Readonly<Record<string, string>>;
  /** The secrets of plugins, by name. */
  readonly pluginSecrets: ReadonlyMap<string, SecretSource>;
  /** The settings that were given, in the order of the documentation. */
  readonly given: readonly GivenSetting[];
}

interface GivenSetting {
  readonly name: string;
  /** As it was given. Null for a secret. */
  readonly value: string | null;
  readonly from: "environment" | "flag";
  readonly description: string;
}

export type ClientSettings = z.output<typeof CLIENT_SETTINGS>;

/** A setting with an invalid value. The message names the setting, the value and what it must be. */
export class BadSetting extends Error {
  override readonly name = "BadSetting";
}

const KEYS = Object.keys(SETTINGS.shape);
/**
 * Settings whose value is never shown. Some can be read from a file, which another setting names. A URL is
 * secret if it contains a password.
 */
export const SECRETS: Readonly<Record<string, { readonly file?: string; readonly isUrl?: true }>> =
  {
    token: { file: "tokenFile" },
    secretKey: { file: "secretKeyFile" },
    databaseUrl: { file: "databaseUrlFile", isUrl: true },
    proxy: { isUrl: true },
    filesS3SecretAccessKey: { file: "filesS3SecretAccessKeyFile" },
  };

const PREFIX = "PLAYGROUND_";

type Environment = Readonly<Record<string, string | undefined>>;
type Flags = Readonly<Record<string, string | undefined>>;

export function toEnvName(key: string): string {
  return `${PREFIX}${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

export const SETTING_NAMES: readonly string[] = KEYS.map(toEnvName);

export const DEFAULTS = SETTINGS.parse({});

const CLIENT_VARIABLES: ReadonlySet<string> = new Set(
  Object.keys(CLIENT_SETTINGS.shape).map(toEnvName),
);

/** Returns the environment variables that begin with `PLAYGROUND_` but are not settings. */
export function unknownVariables(env: Environment = process.env): string[] {
  return Object.keys(env).filter(
    (name) =>
      name.startsWith(PREFIX) &&
      !SETTING_NAMES.includes(name) &&
      !CLIENT_VARIABLES.has(name) &&
      secretNameOf(name) === null &&
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
  const { values } = parseFlags({ args, options: SETTING_FLAGS, command: "start" }, env);
  return readSettings(values as Record<string, string>, env);
}

/**
 * Reads each setting from its flag or, without one, from the environment. An empty variable counts
 * as not set. Throws `BadSetting`.
 */
export function readSettings(flags: Flags, env: Environment = process.env): Settings {
  const settings = read(SETTINGS, {
    flags,
    env,
    check: (values) => [...keyIssues(values), ...sizeLimitIssues(values), ...bucketIssues(values)],
  });
  return {
    ...settings,
    env: withoutOurs(env),
    pluginSecrets: secretSources(env),
    given: describeGiven(flags, env),
  };
}

function describeGiven(flags: Flags, env: Environment): GivenSetting[] {
  return Object.entries(SETTINGS.shape).flatMap(([key, { description = "" }]) => {
    const flag = flags[toFlagName(key)];
    const value = flag ?? readVariable(toEnvName(key), env);
    if (value === undefined) return [];
    const from = flag === undefined ? "environment" : "flag";
    return [{ name: toEnvName(key), value: key in SECRETS ? null : value, from, description }];
  });
}

/** Reads what a command needs to reach a running daemon, like the settings. Throws `BadSetting`. */
export function readClientSettings(flags: Flags, env: Environment = process.env): ClientSettings {
  const isTokenFileGiven = flags["token-file"] !== undefined;
  return read(CLIENT_SETTINGS, {
    flags,
    env: isTokenFileGiven ? { ...env, PLAYGROUND_TOKEN: undefined } : env,
  });
}

interface Sources<Read> {
  readonly flags: Flags;
  readonly env: Environment;
  /** Finds what is wrong with values that are valid on their own. */
  readonly check?: (read: Read) => readonly Issue[];
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function read<Schema extends z.ZodObject>(
  schema: Schema,
  { flags, env, check = () => [] }: Sources<z.output<Schema>>,
): z.output<Schema> {
  const given: Record<string, string> = {};
  const source: Record<string, string> = {};
  for (const key of Object.keys(schema.shape)) {
    const flag = flags[toFlagName(key)];
    const value = flag ?? readVariable(toEnvName(key), env);
    if (value === undefined) continue;
    given[key] = value;
    source[key] = flag === undefined ? toEnvName(key) : `--${toFlagName(key)}`;
  }
  readSecretFiles(given, source);
  const parsed = schema.safeParse(given);
  const issues: readonly Issue[] = parsed.success ? check(parsed.data) : parsed.error.issues;
  const problems = issues.map(({ path, message }) => {
    const key = String(path[0]);
    const value = key in SECRETS ? "(not shown)" : JSON.stringify(given[key]);
    const shown = given[key] === undefined ? "is not set" : `is ${value}`;
    return `${source[key] ?? toEnvName(key)} ${shown}: it ${message}.`;
  });
  if (!parsed.success || problems.length > 0) throw new BadSetting(problems.join("\n"));
  return parsed.data;
}

/** Adds the secrets that are in files to the given settings. */
function readSecretFiles(given: Record<string, string>, source: Record<string, string>): void {
  for (const [key, { file: fileKey }] of Object.entries(SECRETS)) {
    const path = fileKey && given[fileKey];
    if (fileKey === undefined || path === undefined) continue;
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

/** The keys of the service to which the daemon sends traces. */
const TRACE_HEADERS = /^OTEL_EXPORTER_OTLP_(?:\w+_)?HEADERS$/;

function withoutOurs(env: Environment): Record<string, string> {
  const isOurs = (name: string): boolean => name.startsWith(PREFIX) || TRACE_HEADERS.test(name);
  const others = Object.entries(env).filter(([name]) => !isOurs(name));
  return Object.fromEntries(others) as Record<string, string>;
}

/** A secret is no flag, because other users of the machine can see it. */
const SECRET_HINTS: Readonly<Record<string, string>> = {
  "--token": " Other users of this machine could see it: use --token-file or PLAYGROUND_TOKEN.",
};

/** Parses the command's flags with `util.parseArgs`. Throws `BadSetting`. */
export function parseFlags(
  {
    args,
    options,
    command,
  }: {
    readonly command: string;
    readonly args: readonly string[];
    readonly options: NonNullable<ParseArgsConfig["options"]>;
  },
  env: Environment = process.env,
): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
} {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = (error as Error).message
      .split(". To specify")[0]
      ?.replace(
        /^(Option '(--[^']+)').* is ambiguous\.[^]*$/,
        "$1 has no value. If its value begins with a dash, write $2=VALUE",
      );
    const unknown = /^Unknown option '(--?[^']+)'/.exec(message ?? "")?.[1] ?? "";
    const known = Object.keys(options).map((name) => `--${name}`);
    const meant = nearest(unknown, known, Math.floor((unknown.length - 2) / 2));
    const hint = meant === null ? (SECRET_HINTS[unknown] ?? "") : ` Did you mean ${meant}?`;
    throw new BadSetting(
      `${message}.${hint} \`${ownCommand(env)} ${command} --help\` lists the flags.`,
    );
  }
}
