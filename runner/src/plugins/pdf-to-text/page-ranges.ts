export type PageRange = readonly [first: number, last: number];

/** Reads `1-3, 7, 10-`. Null if it is not a list of pages. */
export function parseRanges(written: string): PageRange[] | null {
  const ranges: PageRange[] = [];
  for (const part of written.split(",")) {
    const match = /^\s*(\d{1,9})\s*(?:(-)\s*(\d{1,9})?\s*)?$/.exec(part);
    if (!match) return null;
    const first = Number(match[1]);
    const last = match[3] ? Number(match[3]) : match[2] ? Number.MAX_SAFE_INTEGER : first;
    if (first < 1 || last < first) return null;
    ranges.push([first, last]);
  }
  return ranges;
}

/** The pages in their order, each once, without those that do not exist. */
export function* selectPages(
  ranges: readonly PageRange[] | null,
  count: number,
): Generator<number> {
  for (let page = 1; page <= count; page += 1) {
    if (!ranges || ranges.some(([first, last]) => page >= first && page <= last)) yield page;
  }
}
