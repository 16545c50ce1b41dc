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
/** A longer run without a space (base64, an address) is cut into parts of `PART` units. */
const MAX_WORD = 100;
const PART = 40;
/** Scripts that are written without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

export interface SentenceRules {
  readonly locale: Intl.Locale;
  /** Whether a sentence continues, because its period belongs to an abbreviation. */
  readonly continues: (sentence: string, next: string) => boolean;
}

/** Yields the sentences of a paragraph with the space after them. A line's end does not end one. */
export function* sentences(text: string, span: Span, rules: SentenceRules): Generator<Span> {
  const segmenter = new Intl.Segmenter(rules.locale, { granularity: "sentence" });
  const { start: offset } = span;
  const own = text.slice(offset, span.end).replaceAll(/[\r\n\u0085\u2028\u2029]/g, " ");
  let open = null as Span | null;
  for (const { start, end } of windowed(own, { start: 0, end: own.length }, segmenter)) {
    const isLong = open !== null && open.end - open.start > WINDOW;
    const next = own.slice(start, start + 10);
    if (open && (isLong || !rules.continues(own.slice(open.start, open.end), next))) {
      yield { start: offset + open.start, end: offset + open.end };
      open = null;
    }
    open = { start: open?.start ?? start, end };
  }
  if (open) yield { start: offset + open.start, end: offset + open.end };
}

/**
 * Yields words with the space before them, like tokens, and the punctuation after them. An
 * abbreviation that does not end a sentence stays with the next word.
 */
export function* words(
  text: string,
  span: Span,
  continues: SentenceRules["continues"] = () => false,
): Generator<Span> {
  let start = span.start;
  for (const word of spansOf(text, span, /\s*\S+|\s+$/g)) {
    const own = text.slice(start, word.end);
    const next = text.slice(word.end, word.end + 10).trimStart();
    if (word.end < span.end && own.length < MAX_WORD && continues(own, next)) {
      continue;
    }
    const joined = { start, end: word.end };
    start = word.end;
    if (UNSPACED.test(own)) yield* dictionaryWords(text, joined);
    else if (own.length <= MAX_WORD) yield joined;
    else yield* grouped(graphemes(text, joined), PART);
  }
}

/** Chinese, Japanese, Thai and others: the words are found in ICU's dictionaries. */
function* dictionaryWords(text: string, span: Span): Generator<Span> {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
  let open = null as Span | null;
  for (const { start, end } of windowed(text, span, segmenter)) {
    const isWord = /[\p{L}\p{N}]/u.test(text.slice(start, end));
    const hasWord = open !== null && /[\p{L}\p{N}]/u.test(text.slice(open.start, open.end));
    if (open && ((isWord && hasWord) || end - open.start > PART)) {
      yield* inParts(text, open);
      open = null;
    }
    open = { start: open?.start ?? start, end };
  }
  if (open) yield* inParts(text, open);
}

function* inParts(text: string, span: Span): Generator<Span> {
  if (span.end - span.start <= MAX_WORD) yield span;
  else yield* grouped(graphemes(text, span), PART);
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
