/**
 * Finds the positions where a text can be cut. All positions are between graphemes, and the spans
 * of one call have no gaps. For each segment, Intl.Segmenter takes time in proportion to the whole
 * string (270,000 characters: 96 s, measured on Node 24), so it gets only short windows.
 */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Longer than any real sentence. For a longer segment the window doubles. */
const WINDOW = 2_000;
/** A longer run without a space is cut between graphemes (Chinese, Thai, base64). */
const MAX_WORD = 40;

/** Yields sentences with the space after them. The end of a line ends a sentence. */
export function* sentences(text: string, locale: Intl.Locale): Generator<Span> {
  const segmenter = new Intl.Segmenter(locale, { granularity: "sentence" });
  for (const line of spansOf(text, { start: 0, end: text.length }, /[^\n]*\n|[^\n]+$/g)) {
    yield* windowed(text, line, segmenter);
  }
}

/** Yields words with the space before them, like tokens. */
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

/** Yields the segmenter's segments. Each window begins where a segment begins. */
function* windowed(text: string, span: Span, segmenter: Intl.Segmenter): Generator<Span> {
  let start = span.start;
  let size = WINDOW;
  while (start < span.end) {
    const end = Math.min(span.end, start + size);
    const begins = Array.from(segmenter.segment(text.slice(start, end)), ({ index }) => index);
    // The last segment can continue after the window.
    const settled = end === span.end ? [...begins, end - start] : begins;
    for (let i = 1; i < settled.length; i++) {
      yield { start: start + settled[i - 1]!, end: start + settled[i]! };
    }
    const taken = settled.at(-1) ?? 0;
    size = taken === 0 ? size * 2 : WINDOW;
    start += taken;
  }
}

/** Joins neighbouring spans up to a length. A longer span stays as it is. */
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
