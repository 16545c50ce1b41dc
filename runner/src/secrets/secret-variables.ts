/** The variables that hold the secrets of plugins: `PLAYGROUND_SECRET_NAME` and `PLAYGROUND_SECRET_NAME_FILE`. */
import { secretNameFault } from "../domain/secret-name.ts";

const PREFIX = "PLAYGROUND_SECRET_";
const FILE = "_FILE";

export type SecretSource = { readonly value: string } | { readonly file: string };

export function secretVariable(name: string): string {
  return `${PREFIX}${name}`;
}

export function secretFileVariable(name: string): string {
  return `${PREFIX}${name}${FILE}`;
}

/** The variable of a source, or null if there is none. */
export function variableOf(name: string, source: SecretSource | undefined): string | null {
  if (source === undefined) return null;
  return "file" in source ? secretFileVariable(name) : secretVariable(name);
}

/** The name of the secret that a variable holds or names the file of. Null if it is another variable. */
export function secretNameOf(variable: string): string | null {
  if (!variable.startsWith(PREFIX)) return null;
  const rest = variable.slice(PREFIX.length);
  const name = rest.endsWith(FILE) ? rest.slice(0, -FILE.length) : rest;
  return secretNameFault(name) === null ? name : null;
}

/** The sources by name. A variable with a value comes before one with a file. Empty variables are not set. */
export function secretSources(
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, SecretSource> {
  const sources = new Map<string, SecretSource>();
  for (const variable of Object.keys(env)) {
    const name = secretNameOf(variable);
    if (name === null || sources.has(name)) continue;
    const value = env[secretVariable(name)];
    const file = env[secretFileVariable(name)];
    if (value) sources.set(name, { value });
    else if (file) sources.set(name, { file });
  }
  return sources;
}
