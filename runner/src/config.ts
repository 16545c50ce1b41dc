/**
 * Reads the daemon's settings. Each one is an environment variable `PLAYGROUND_*` and a flag. The
 * daemon reads process.env only here.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { z } from "zod";
import { isKubernetesLink } from "./startup/kubernetes-link.ts";
import { keyIssues } from "./startup/read-pem-file.ts";
import { readSecretFile } from "./startup/read-secret-file.ts";
import { SETTINGS } from "./startup/settings.ts";

export interface Settings extends z.output<typeof SETTINGS> {
  /** The environment that plugins see: all variables except the daemon's own, which contain the token. */
  readonly env: Readonly<Record<string, string>>;
}

/** A setting with an invalid value. The message names the setting, the value and what it must be. */
export class BadSetting extends Error {
  override readonly name = "BadSetting";
}

const KEYS = Object.keys(SETTINGS.shape);
/** Settings whose value is never shown. Each can be read from a file, which another setting names. */
const SECRET_FILES = { token: "tokenFile", secretKey: "secretKeyFile" } as const;
/** The proxy's URL can contain a password. */
const HIDDEN: ReadonlySet<string> = new Set([...Object.keys(SECRET_FILES), "proxy"]);

const PREFIX = "PLAYGROUND_";

type Environment = Readonly<Record<string, string | undefined>>;

export function toEnvName(key: string): string {
  return `${PREFIX}${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

export const SETTING_NAMES: readonly string[] = KEYS.map(toEnvName);

export const DEFAULTS = SETTINGS.parse({});

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
  const read = SETTINGS.safeParse(given);
  const issues = read.success ? keyIssues(read.data) : read.error.issues;
  const problems = issues.map(({ path, message }) => {
    const key = String(path[0]);
    const value = HIDDEN.has(key) ? "(not shown)" : JSON.stringify(given[key]);
    const shown = given[key] === undefined ? "is not set" : `is ${value}`;
    return `${source[key] ?? toEnvName(key)} ${shown}: it ${message}.`;
  });
  if (!read.success || problems.length > 0) throw new BadSetting(problems.join("\n"));
  return { ...read.data, env: withoutOurs(env) };
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
