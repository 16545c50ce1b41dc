import { codePoints, graphemes, sentences, words, type Span } from "./segments.ts";
import type { CountTokens } from "./tokenizer.ts";

/**
 * Counting an unbroken run takes quadratic time, so a longer span is split before it is counted.
 */
const MAX_COUNTED_LENGTH = 10_000;

export interface Unit extends Span {
  /**
   * Without the space at the end: inside a chunk it belongs to the first token of the next unit.
   */
  readonly tokens: number;
}

export interface UnitRules {
  readonly by: "sentences" | "tokens";
  readonly maxTokens: number;
  readonly locale: Intl.Locale;
  readonly countTokens: CountTokens;
}

type Split = (text: string, span: Span) => Iterable<Span>;

/**
 * Yields the text as sentences or words that are within the limit. A sentence over the limit is
 * split into words, a word into graphemes, and a grapheme (a letter with dozens of accents) into
 * code points, which have at most four tokens.
 */
export function* units(text: string, rules: UnitRules): Generator<Unit> {
  const whole = { start: 0, end: text.length };
  if (rules.by === "tokens") {
    for (const span of words(text, whole)) {
      yield* within(text, span, { rules, finer: [graphemes, codePoints] });
    }
    return;
  }
  for (const span of sentences(text, rules.locale)) {
    yield* within(text, span, { rules, finer: [words, graphemes, codePoints] });
  }
}

function* within(
  text: string,
  span: Span,
  { rules, finer }: { rules: UnitRules; finer: readonly Split[] },
): Generator<Unit> {
  const own = text.slice(span.start, span.end);
  const isCountable = own.length <= MAX_COUNTED_LENGTH;
  const [split, ...rest] = finer;
  if (!split || (isCountable && rules.countTokens(own) <= rules.maxTokens)) {
    yield { ...span, tokens: Math.max(1, rules.countTokens(own.trimEnd())) };
    return;
  }
  for (const part of split(text, span)) yield* within(text, part, { rules, finer: rest });
}
