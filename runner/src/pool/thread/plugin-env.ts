/**
 * `process.env` of a plugin thread. It notes which variables a step reads although its plugin does not
 * declare them, and can withhold them.
 */
import { isSystemVariable } from "../../domain/environment-name.ts";
import { sharesEnv } from "../nested-workers.ts";

/** What a step may read, and what it has read besides. */
export interface StepEnv {
  readonly declared: readonly string[];
  readonly undeclared: Set<string>;
}

export interface PluginEnv {
  /** The variables themselves, for code that is no plugin's. */
  readonly variables: NodeJS.ProcessEnv;
  /** Whether `process.env` is still the object that was installed. */
  readonly isInstalled: () => boolean;
  /** False only if nothing has set, defined or deleted a variable. To read them all takes longer than most of a step. */
  readonly canHaveChanged: () => boolean;
}

/**
 * Replaces `process.env`. Variables that are read while `current` returns null, by code of the thread itself,
 * are neither noted nor withheld.
 */
export function installPluginEnv(
  current: () => StepEnv | null,
  { withholdsEnv: withholds }: { readonly withholdsEnv: boolean },
): PluginEnv {
  const variables = process.env;
  /** The daemon's, without those that the thread's plugins have set. */
  const given = new Set<PropertyKey>(Object.keys(variables));
  /** Names that were listed: a copy of the whole environment, as for a child process, reads each once. */
  let listed = new Set<PropertyKey>();
  let isChanged = false;

  /** Whether a variable exists that the current plugin should have declared. */
  function isUndeclared(name: PropertyKey): name is string {
    const step = current();
    return (
      step !== null &&
      typeof name === "string" &&
      given.has(name) &&
      !step.declared.includes(name) &&
      !isSystemVariable(name)
    );
  }

  /** Whether the plugin must not see the variable that it reads now. */
  function isRefused(name: PropertyKey): boolean {
    if (!isUndeclared(name)) return false;
    if (!listed.delete(name)) current()?.undeclared.add(name);
    return withholds;
  }

  const env = new Proxy(variables, {
    get: (target, name) => (isRefused(name) ? undefined : Reflect.get(target, name)),
    has: (target, name) => !isRefused(name) && Reflect.has(target, name),
    getOwnPropertyDescriptor: (target, name) =>
      withholds && isUndeclared(name) ? undefined : Reflect.getOwnPropertyDescriptor(target, name),
    ownKeys(target) {
      const names = Reflect.ownKeys(target).filter((name) => !(withholds && isUndeclared(name)));
      listed = new Set(names);
      return names;
    },
    // Without this, a variable would be defined on the target with a descriptor that Node.js refuses.
    set(target, name, value) {
      isChanged = true;
      given.delete(name);
      return Reflect.set(target, name, value);
    },
    defineProperty(target, name, descriptor) {
      isChanged = true;
      return Reflect.defineProperty(target, name, descriptor);
    },
    deleteProperty(target, name) {
      isChanged = true;
      return Reflect.deleteProperty(target, name);
    },
  });
  process.env = env;
  const loadEnvFile = process.loadEnvFile.bind(process);
  // It sets variables without the proxy.
  process.loadEnvFile = (path) => {
    isChanged = true;
    loadEnvFile(path);
  };
  return {
    variables,
    isInstalled: () => process.env === env,
    canHaveChanged: () => isChanged || sharesEnv(),
  };
}

/** The lines for the log of a step that has read variables its plugin does not declare. */
export function undeclaredWarning(
  plugin: string,
  names: readonly string[],
  { withholdsEnv: withholds }: { readonly withholdsEnv: boolean },
): string {
  const [which, them] =
    names.length === 1
      ? [`the environment variable ${names[0]}`, "it"]
      : [`the environment variables ${names.join(", ")}`, "them"];
  const declare = `Add ${names.length === 1 ? `"${names[0]}"` : "the names"} to \`env\` of its definition`;
  return withholds
    ? `Plugin "${plugin}" reads ${which} and does not declare ${them}, so that it does not get ${them}. ${declare}.`
    : `Plugin "${plugin}" reads ${which} and does not declare ${them}. ${declare}: a later version of the daemon gives plugins only what they declare.`;
}
