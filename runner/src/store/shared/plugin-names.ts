/** The names that another daemon has stored, perhaps of another version. What is no name is left out. */
export function parsePluginNames(text: string): string[] {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
}
