/** A secret is small. It goes to a plugin thread with each step. */
export const MAX_SECRET_BYTES = 64 * 1024;

const NAME = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Returns what is wrong with the name of a plugin's secret, to follow the name, or null. */
export function secretNameFault(name: unknown): string | null {
  if (typeof name !== "string" || !NAME.test(name)) {
    const upper = typeof name === "string" ? name.toUpperCase().replace(/[^A-Z0-9]+/g, "_") : "";
    const hint = NAME.test(upper) && secretNameFault(upper) === null ? `, such as ${upper}` : "";
    return `it must be capital letters, digits and underscores, at most 64, and begin with a letter${hint}`;
  }
  // PLAYGROUND_SECRET_KEY is a setting.
  if (name === "KEY")
    return "it must have another name, because PLAYGROUND_SECRET_KEY is a setting";
  if (name.endsWith("_FILE")) {
    return "it must not end with _FILE, which ends the name of a variable that names a file";
  }
  return null;
}

/** The row that a secret's value is sealed for in the store. */
export function sealedSecretRow(name: string): string {
  return `secret ${name}`;
}
