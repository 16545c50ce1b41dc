import { codePoints, graphemes, sentences, words, type Span } from "./segments.ts";
import type { CountTokens } from "./tokenizer.ts";

/** Counting takes time in the square of an unbroken run's length: a longer span is not counted whole. */
const MAX_COUNTED_LENGTH = 10_000;

export interface Unit extends Span {
  /** Without the space at its end, which within a chunk is part of the next unit's first token. */
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
 * The text in order, in sentences or words that are each within the limit: a sentence that is not
 * is given as its words, a word as its graphemes, a grapheme (a letter under dozens of accents) as
 * its code points, which have four tokens at most.
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
