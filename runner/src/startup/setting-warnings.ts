/** Warnings about settings that are probably a mistake but can be intended. */
import {
  toEnvName,
  DEFAULTS,
  kubernetesVariables,
  SECRETS,
  SETTING_NAMES,
  toFlagName,
  unknownVariables,
  type Settings,
} from "../config.ts";
import { memoryFlagsIn } from "../executor/memory-flags.ts";
import { nearest } from "../domain/nearest.ts";

/** Other programs can use the prefix too, so an unknown variable is a warning and not an error. */
export function variableWarnings(names: readonly string[] = unknownVariables()): string[] {
  const prefix = toEnvName("");
  return names.map((name) => {
    const most = Math.floor((name.length - prefix.length) / 2);
    const meant = nearest(name, SETTING_NAMES, most);
    const hint =
      meant === null
        ? "`playground-runner start --help` lists all settings."
        : `Did you mean ${meant}?`;
    return `Warning: ${name} is not a setting. ${hint}`;
  });
}

/** Every user of the machine can read a process's arguments, in /proc and with `ps`. */
export function secretFlagWarnings(args: readonly string[]): string[] {
  return Object.entries(SECRETS).flatMap(([key, { file, isUrl = false }]) => {
    const flag = `--${toFlagName(key)}`;
    const values = valuesOf(flag, args);
    if (isUrl ? !values.some(hasPassword) : values.length === 0) return [];
    const others = file === undefined ? "" : `--${toFlagName(file)} or `;
    const problem = isUrl
      ? "contains a password, which other users of this machine can see."
      : "is deprecated, because other users of this machine can see it, and will be removed.";
    return [`Warning: ${flag} ${problem} Use ${others}${toEnvName(key)} instead.`];
  });
}

function valuesOf(flag: string, args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    if (arg === flag) return [args[index + 1] ?? ""];
    return arg.startsWith(`${flag}=`) ? [arg.slice(flag.length + 1)] : [];
  });
}

/** PostgreSQL's URLs can have it among their parameters too. */
function hasPassword(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.password !== "" || url.searchParams.has("password"));
}

/** `env` is the process's environment by default. */
export function kubernetesWarnings(env?: Readonly<Record<string, string | undefined>>): string[] {
  return kubernetesVariables(env).map(
    (name) =>
      `Warning: ${name} is ignored, because Kubernetes sets it for a service named "playground". Set \`enableServiceLinks: false\` in the pod's spec to use this variable, or use the flag.`,
  );
}

const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"];

/** Other programs use a proxy that is set this way, so an operator can expect it here too. */
export function proxyWarning({ proxy, env }: Pick<Settings, "proxy" | "env">): string | null {
  const found = proxy === undefined ? PROXY_VARIABLES.find((name) => env[name]) : undefined;
  if (found === undefined) return null;
  return `Warning: ${found} is set, but webhooks and \`ctx.fetch\` do not use this proxy. To use a proxy, set ${toEnvName("proxy")}, and ${toEnvName("noProxy")} for the hosts to reach without it.`;
}

/** Links in events would lead to one of the daemons, which can be down, and not to the others. */
export function linkWarning({
  databaseUrl,
  publicUrl,
}: Pick<Settings, "databaseUrl" | "publicUrl">): string | null {
  if (databaseUrl === undefined || publicUrl !== undefined) return null;
  return `Warning: ${toEnvName("databaseUrl")} is set without ${toEnvName("publicUrl")}, so links in events lead to this daemon. If several daemons use the database, set it to the URL of the load balancer in front of them.`;
}

/** Null for the default path: without custom plugins the folder need not exist. */
export function missingPluginsDirWarning({
  pluginsDir,
}: Pick<Settings, "pluginsDir">): string | null {
  if (pluginsDir === DEFAULTS.pluginsDir) return null;
  return `Warning: ${toEnvName("pluginsDir")} is "${pluginsDir}", but this folder does not exist. The daemon loads its plugins as soon as you create it.`;
}

/** V8's own limit would override PLAYGROUND_THREAD_MEMORY_MB. The daemon's process keeps it. */
export function memoryFlagWarnings(env: Settings["env"]): string[] {
  return memoryFlagsIn(env["NODE_OPTIONS"] ?? "").map(
    (flag) =>
      `Warning: NODE_OPTIONS contains ${flag}. It does not apply to plugins: ${toEnvName("threadMemoryMb")} limits the memory of a plugin.`,
  );
}
