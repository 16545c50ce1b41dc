import { units, type Unit, type UnitRules, wordUnits } from "./units.ts";

export interface Chunk {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

interface ChunkRules extends UnitRules {
  readonly overlapTokens: number;
}

/**
 * Fills each chunk with as many units (sentences or words) as fit. The next chunk begins with the
 * last units that fit into the overlap, or with the last words of a sentence that does not fit. The tokens of a text are not exactly the sum of its units'
 * tokens: the sum is only an estimate, and the count of the whole chunk decides.
 */
export function* chunkText(text: string, rules: ChunkRules): Generator<Chunk> {
  const { maxTokens } = rules;
  const source = units(text, rules);
  const tokensOf = (part: readonly Unit[]): number =>
    rules.countTokens(text.slice(part[0]?.start, part.at(-1)?.end ?? 0));
  let pending: Unit[] = [];
  let repeated = 0;
  for (;;) {
    refill(pending, source, maxTokens);
    if (pending.length <= repeated) return;
    let part = longestPart(pending, { repeated, maxTokens, tokensOf });
    if (part.at(-1)!.isHeading && splitBelow(pending, part.at(-1)!, { text, rules })) {
      part = longestPart(pending, { repeated, maxTokens, tokensOf });
    }
    const last = part.at(-1)!;
    const [start, end] = [part[0]!.start, last.end];
    yield { text: text.slice(start, end), start, end, tokens: tokensOf(part) };
    const overlap = overlapOf(part, { text, rules, tokensOf });
    repeated = overlap.length;
    pending = [...overlap, ...pending.slice(pending.indexOf(last) + 1)];
  }
}

/** Splits the sentence below a heading into words, because no chunk has room for both. */
function splitBelow(
  pending: Unit[],
  heading: Unit,
  { text, rules }: { text: string; rules: ChunkRules },
): boolean {
  const below = pending[pending.indexOf(heading) + 1];
  if (!below || below.isHeading) return false;
  const lastWords = [...wordUnits(text, below, rules)];
  pending.splice(pending.indexOf(below), 1, ...lastWords);
  return lastWords.length > 1;
}

/** Reads units until they exceed one chunk, or until there are no more. */
function refill(pending: Unit[], source: Generator<Unit>, maxTokens: number): void {
  let tokens = pending.reduce((sum, unit) => sum + unit.tokens, 0);
  while (tokens <= maxTokens) {
    const next = source.next();
    if (next.done) return;
    pending.push(next.value);
    tokens += next.value.tokens;
  }
}

/**
 * Returns the longest run of units that fits and includes a new one. Drops repeated units if
 * necessary.
 */
function longestPart(
  pending: readonly Unit[],
  rules: { repeated: number; maxTokens: number; tokensOf: (part: readonly Unit[]) => number },
): readonly Unit[] {
  const { repeated, maxTokens, tokensOf } = rules;
  for (let first = 0; ; first++) {
    let last = first + 1;
    let tokens = pending[first]!.tokens;
    while (last < pending.length && tokens + pending[last]!.tokens <= maxTokens) {
      tokens += pending[last]!.tokens;
      last += 1;
    }
    const fewest = Math.max(first, repeated) + 1;
    while (last > fewest && tokensOf(pending.slice(first, last)) > maxTokens) last -= 1;
    if (last < pending.length) last = beforeHeadings(pending, last, fewest);
    // A single unit is never over the limit.
    if (first >= repeated) return pending.slice(first, last);
    if (last >= fewest && tokensOf(pending.slice(first, last)) <= maxTokens) {
      return pending.slice(first, last);
    }
  }
}

/** Leaves headings at the end to the next chunk, unless there are only headings. */
function beforeHeadings(pending: readonly Unit[], last: number, fewest: number): number {
  let end = last;
  while (end > fewest && pending[end - 1]!.isHeading) end -= 1;
  return pending[end - 1]!.isHeading ? last : end;
}

interface OverlapRules {
  readonly text: string;
  readonly rules: ChunkRules;
  readonly tokensOf: (part: readonly Unit[]) => number;
}

/** Returns what the next chunk repeats. It never repeats the whole chunk. */
function overlapOf(part: readonly Unit[], { text, rules, tokensOf }: OverlapRules): Unit[] {
  const { overlapTokens } = rules;
  const length = overlapLength(part, overlapTokens, tokensOf);
  if (length > 0) return part.slice(-length);
  if (overlapTokens === 0 || rules.by === "tokens") return [];
  const lastWords = [...wordUnits(text, part.at(-1)!, rules)];
  const fitting = overlapLength(lastWords, overlapTokens, tokensOf);
  return fitting === 0 ? [] : lastWords.slice(-fitting);
}

/** Returns how many of the last units the next chunk repeats. It never repeats all of them. */
function overlapLength(
  part: readonly Unit[],
  overlapTokens: number,
  tokensOf: (part: readonly Unit[]) => number,
): number {
  let length = 0;
  let tokens = 0;
  while (length < part.length - 1) {
    tokens += part[part.length - 1 - length]!.tokens;
    if (tokens > overlapTokens) break;
    length += 1;
  }
  while (length > 0 && tokensOf(part.slice(-length)) > overlapTokens) length -= 1;
  return length;
}
