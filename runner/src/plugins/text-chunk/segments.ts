/**
 * Where a text may be cut. All positions are between graphemes; the pieces of one call follow one
 * another without a gap. Intl.Segmenter takes time in proportion to the whole string for each
 * segment (270,000 characters: 96 s, measured on Node 24), so it only ever sees short windows.
 */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Enough for any sentence that is one; a longer one is looked at in a window that doubles. */
const WINDOW = 2_000;
/** A longer run without a space is cut between graphemes: Chinese, Thai, base64. */
const MAX_WORD = 40;

/** Sentences with the space behind them. A line's end ends a sentence. */
export function* sentences(text: string, locale: Intl.Locale): Generator<Span> {
  const segmenter = new Intl.Segmenter(locale, { granularity: "sentence" });
  for (const line of spansOf(text, { start: 0, end: text.length }, /[^\n]*\n|[^\n]+$/g)) {
    yield* windowed(text, line, segmenter);
  }
}

/** Words with the space before them, as tokens have it. */
export function* words(text: string, span: Span): Generator<Span> {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  for (const word of spansOf(text, span, /\s*\S+|\s+$/g)) {
    if (word.end - word.start <= MAX_WORD) yield word;
    else yield* grouped(windowed(text, word, segmenter), MAX_WORD);
  }
}

export function* graphemes(text: string, span: Span): Generator<Span> {
  yield* windowed(text, span, new Intl.Segmenter(undefined, { granularity: "grapheme" }));
}

function* spansOf(text: string, { start, end }: Span, pattern: RegExp): Generator<Span> {
  for (const match of text.slice(start, end).matchAll(pattern)) {
    yield { start: start + match.index, end: start + match.index + match[0].length };
  }
}

/** The segmenter's segments, each taken from a window that begins where one begins and does not end with it. */
function* windowed(text: string, span: Span, segmenter: Intl.Segmenter): Generator<Span> {
  let start = span.start;
  let size = WINDOW;
  while (start < span.end) {
    const end = Math.min(span.end, start + size);
    const begins = Array.from(segmenter.segment(text.slice(start, end)), ({ index }) => index);
    // The last one may go on behind the window.
    const settled = end === span.end ? [...begins, end - start] : begins;
    for (let i = 1; i < settled.length; i++) {
      yield { start: start + settled[i - 1]!, end: start + settled[i]! };
    }
    const taken = settled.at(-1) ?? 0;
    size = taken === 0 ? size * 2 : WINDOW;
    start += taken;
  }
}

/** Neighbours put together up to a length; one that is longer by itself stays as it is. */
function* grouped(spans: Iterable<Span>, length: number): Generator<Span> {
  let [start, end] = [-1, -1];
  for (const span of spans) {
    if (start < 0) start = span.start;
    if (span.end - start > length && end > start) {
      yield { start, end };
      start = span.start;
    }
    end = span.end;
  }
  if (end > start) yield { start, end };
}

export function* codePoints(text: string, { start, end }: Span): Generator<Span> {
  for (let at = start; at < end;) {
    const next = at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
    yield { start: at, end: next };
    at = next;
  }
}
