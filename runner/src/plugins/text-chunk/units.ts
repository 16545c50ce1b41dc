import { type Block, blocksOf, type Format, linesOf } from "./blocks.ts";
import {
  codePoints,
  graphemes,
  sentences,
  type SentenceRules,
  words,
  type Span,
} from "./segments.ts";
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
  /** A heading stays with the text below it. */
  readonly isHeading?: boolean;
}

export interface UnitRules extends SentenceRules {
  readonly by: "sentences" | "tokens";
  readonly format: Format;
  readonly maxTokens: number;
  readonly countTokens: CountTokens;
}

type Split = (text: string, span: Span) => Iterable<Span>;

/**
 * Yields the text as sentences or words that are within the limit. A sentence over the limit is
 * split into lines, a line into words, a word into graphemes, and a grapheme (a letter with dozens
 * of accents) into code points, which have at most four tokens.
 */
export function* units(text: string, rules: UnitRules): Generator<Unit> {
  if (rules.by === "tokens") {
    yield* wordUnits(text, { start: 0, end: text.length }, rules);
    return;
  }
  const wordsOf: Split = (whole, span) => words(whole, span, rules.continues);
  const finer = [linesOf, wordsOf, graphemes, codePoints];
  for (const block of blocksOf(text, rules.format)) {
    for (const span of spansIn(text, block, rules)) {
      for (const unit of within(text, span, { rules, finer })) {
        yield block.kind === "heading" ? { ...unit, isHeading: true } : unit;
      }
    }
  }
}

/** Yields words, and parts of those that are over the limit. */
export function* wordUnits(text: string, span: Span, rules: UnitRules): Generator<Unit> {
  for (const word of words(text, span)) {
    yield* within(text, word, { rules, finer: [graphemes, codePoints] });
  }
}

function spansIn(text: string, block: Block, rules: UnitRules): Iterable<Span> {
  if (block.kind === "prose") return sentences(text, block, rules);
  return block.kind === "lines" ? linesOf(text, block) : [block];
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
