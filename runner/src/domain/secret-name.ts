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
