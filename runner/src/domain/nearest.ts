/** The candidate with the smallest edit distance, or null when that distance is above `most`. */
export function nearest(given: string, candidates: readonly string[], most: number): string | null {
  let found: string | null = null;
  let fewest = most + 1;
  for (const candidate of candidates) {
    const changes = changesBetween(given, candidate);
    if (changes < fewest) [found, fewest] = [candidate, changes];
  }
  return found;
}

/** ` Did you mean "job-webhook"?`, or nothing when none of the names is similar. */
export function didYouMean(given: string, names: readonly string[]): string {
  const meant = nearest(given, names, Math.floor(given.length / 2));
  return meant === null ? "" : ` Did you mean "${meant}"?`;
}

/** The Levenshtein distance. */
function changesBetween(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 0; row < a.length; row += 1) {
    const now = [row + 1];
    for (let at = 0; at < b.length; at += 1) {
      const replaced = (before[at] ?? 0) + Number(b[at] !== a[row]);
      now.push(Math.min(replaced, (before[at + 1] ?? 0) + 1, (now[at] ?? 0) + 1));
    }
    before = now;
  }
  return before.at(-1) ?? 0;
}
