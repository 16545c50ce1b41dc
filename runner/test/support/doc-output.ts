/** Checks that the output a document shows was printed. Ids, instants, ports and durations can differ. */

const TIMES = new Set(["duration", "durationMs", "averageTime"]);

/** Every JSON object or array in the text, whatever surrounds it. */
export function jsonIn(text: string): unknown[] {
  const found: unknown[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== "{" && text[at] !== "[") continue;
    const end = endOfJson(text, at);
    try {
      found.push(JSON.parse(text.slice(at, end)) as unknown);
      at = end - 1;
    } catch {
      // This bracket begins no JSON. Continue after it.
    }
  }
  return found;
}

function endOfJson(text: string, from: number): number {
  let depth = 0;
  let inString = false;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (inString && character === "\\") at += 1;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** Null when a printed value has everything that is shown. Otherwise, what the closest value lacks. */
export function jsonMissing(shown: unknown, printed: readonly unknown[]): string | null {
  const lacks = printed.map((value) => differences(shown, value, ""));
  if (lacks.some((one) => one.length === 0)) return null;
  const closest = lacks.toSorted((a, b) => a.length - b.length)[0];
  return closest === undefined ? "no JSON was printed" : closest.join("; ");
}

function differences(shown: unknown, real: unknown, path: string): string[] {
  const differs = [`${path || "/"} is ${JSON.stringify(real)}, shown ${JSON.stringify(shown)}`];
  if (typeof shown !== typeof real || Array.isArray(shown) !== Array.isArray(real)) return differs;
  if (typeof shown === "object" && shown !== null) {
    if (real === null) return differs;
    return Object.entries(shown).flatMap(([key, value]) =>
      differences(value, (real as Record<string, unknown>)[key], `${path}/${key}`),
    );
  }
  if (TIMES.has(path.split("/").at(-1) ?? "")) return [];
  return masked(String(shown)) === masked(String(real)) ? [] : differs;
}

function masked(text: string): string {
  return text
    .replaceAll(/\b(job|wh|evt|msg|pg|dlv|batch)_[\w-]+/g, "$1_…")
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "INSTANT")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    .replaceAll(/\d+\.\d+\.\d+/g, "VERSION");
}

/** Every line shown, up to a "…" in it, must be part of a printed line. Spaces and ids can differ. */
export function textMissing(shown: string, printed: string): string | null {
  const loose = (text: string): string => masked(text).replaceAll(/[^\S\n]+/g, " ");
  const real = loose(printed);
  const lines = shown.split("\n").map((line) => loose(line.split("…")[0] ?? "").trim());
  const missing = lines.find((line) => !real.includes(line));
  return missing === undefined ? null : `not printed: ${missing}`;
}
