import { isLink, isTyped, scoreCell } from "./cell-score.ts";
import type { Dialect } from "./dialect.ts";
import type { Row } from "./row-splitter.ts";
import { sampleRows, type Sample } from "./sample-rows.ts";

/** What the caller knows. Undefined: to be detected. */
export type KnownDialect = { readonly [Name in keyof Dialect]?: Dialect[Name] | undefined };

export interface Candidate {
  readonly dialect: Dialect;
  readonly rows: readonly Row[];
  readonly score: number;
}

const DELIMITERS = [",", ";", "\t", "|", "^", "~", "\u0001", "\u001E", "\u001F", "¦", "§"];
/** These also occur in times and texts, so that they must split every row into the same cells. */
const RARE_DELIMITERS = [":", " "];
const RARE_PRIOR = 0.8;
/** Where every value is in single quotes, the values fit without that meaning too. */
const SINGLE_QUOTE_PRIOR = 1.05;
const QUOTED_LINES = 50;
const SCORED_CELLS = 3_000;
const SCORED_LENGTH = 1 << 16;

/**
 * Finds the dialect with the best consistency: rows with the same number of cells, and cells of
 * known types (van den Burg, Nazábal, Sutton 2019).
 */
export function detectDialect(sample: Sample, known: KnownDialect): Candidate[] {
  const scored = shorten(sample);
  const candidates: Candidate[] = [];
  const tryDelimiters = (delimiters: readonly string[]): void => {
    for (const delimiter of delimiters) {
      for (const dialect of dialectsWith(delimiter, scored.text, known)) {
        const rows = sampleRows(scored, dialect);
        if (known.delimiter === undefined && splitsOneColumn(rows, dialect)) continue;
        candidates.push({ dialect, rows, score: scoreRows(rows, dialect, scored.text) });
      }
    }
  };
  const { delimiter } = known;
  if (delimiter !== undefined) tryDelimiters([delimiter]);
  else {
    tryDelimiters(DELIMITERS.filter((tried) => tried === "," || scored.text.includes(tried)));
    const common = candidates.length;
    tryDelimiters(RARE_DELIMITERS.filter((tried) => scored.text.includes(tried)));
    const rare = candidates.splice(common).filter((candidate) => isRegularTable(candidate));
    candidates.push(...rare.map((found) => ({ ...found, score: found.score * RARE_PRIOR })));
    if (candidates.length === 0)
      tryDelimiters(DELIMITERS.filter((tried) => !scored.text.includes(tried)));
  }
  // A stable sort: of equals, the one that was tried first is the more common one.
  return candidates.toSorted((a, b) => b.score - a.score).map(withDoubledDelimiter);
}

function shorten({ text, isWhole }: Sample): Sample {
  return text.length <= SCORED_LENGTH
    ? { text, isWhole }
    : { text: text.slice(0, SCORED_LENGTH), isWhole: false };
}

function* dialectsWith(delimiter: string, text: string, known: KnownDialect): Iterable<Dialect> {
  const comment = known.comment ?? "";
  for (const newline of known.newline ? [known.newline] : newlinesIn(text)) {
    for (const quote of known.quote === undefined ? quotesIn(text, delimiter) : [known.quote]) {
      for (const escape of known.escape === undefined
        ? escapesIn(text, delimiter, quote)
        : [known.escape]) {
        yield { delimiter, quote, escape, comment, newline };
      }
    }
  }
}

/** Line feeds can be text only where carriage returns end the rows. */
function newlinesIn(text: string): Dialect["newline"][] {
  const hasLoneFeed = text.includes("\r") && /(?:^|[^\r])\n/.test(text);
  return hasLoneFeed ? ["\n", "\r"] : ["\n"];
}

function quotesIn(text: string, delimiter: string): string[] {
  const opensWith = (quote: string): boolean =>
    text.startsWith(quote) ||
    [delimiter, "\n", "\r", `${delimiter} `].some((before) => text.includes(before + quote));
  return opensWith("'") ? ['"', "'"] : ['"'];
}

function escapesIn(text: string, delimiter: string, quote: string): string[] {
  const isUsed = text.includes(`\\${quote}`) || text.includes(`\\${delimiter}`);
  return isUsed ? ["", "\\"] : [""];
}

function scoreRows(rows: readonly Row[], dialect: Dialect, text: string): number {
  if (rows.length === 0) return 0;
  const pattern = Math.max(
    scorePattern(rows.map(({ cells }) => cells.length)),
    scorePattern(rows.map(({ cells }) => filledLength(cells))),
  );
  let errors = 0;
  for (const row of rows) errors += row.quoteErrors;
  const penalty = 1 / (1 + (3 * errors) / rows.length);
  const single = isQuoting(rows, dialect, text) ? SINGLE_QUOTE_PRIOR : 0.5;
  const common = dialect.quote === "'" ? single : 1;
  return pattern * scoreTypes(rows) * penalty * common;
}

/** The published pattern score. Rows of one cell say almost nothing. */
function scorePattern(lengths: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const length of lengths) counts.set(length, (counts.get(length) ?? 0) + 1);
  let sum = 0;
  for (const [length, count] of counts) sum += count * Math.max(0.01, (length - 1) / length);
  return sum / counts.size;
}

function scoreTypes(rows: readonly Row[]): number {
  let cells = 0;
  let score = 0;
  for (const row of rows) {
    for (const cell of row.cells) {
      score += scoreCell(cell);
      cells += 1;
    }
    if (cells > SCORED_CELLS) break;
  }
  return 0.001 + score / Math.max(1, cells);
}

export function filledLength(cells: readonly string[]): number {
  let length = cells.length;
  while (length > 1 && cells[length - 1]!.trim() === "") length -= 1;
  return length;
}

/** A single quote is common in texts. It quotes where it holds a delimiter, or all values. */
function isQuoting(rows: readonly Row[], { delimiter }: Dialect, text: string): boolean {
  if (rows.some(({ cells }) => cells.some((cell) => cell.includes(delimiter)))) return true;
  const lines = text.split(/[\r\n]+/, QUOTED_LINES).filter((line) => line !== "");
  const values = lines.flatMap((line) => line.split(delimiter));
  return lines.length > 1 && values.every((value) => /^\s*'.*'\s*$/.test(value));
}

/** Every row has the same cells, and enough of them are numbers or dates. */
function isRegularTable({ rows, dialect }: Candidate): boolean {
  const width = rows[0]?.cells.length ?? 0;
  if (rows.length < 2 || width < 2) return false;
  if (rows.some(({ cells }) => cells.length !== width)) return false;
  const whole = rows.filter(({ cells }) => isTyped(cells.join(dialect.delimiter))).length;
  if (whole > rows.length / 2) return false;
  if (dialect.delimiter !== " ") return true;
  const data = rows.slice(1).flatMap(({ cells }) => cells);
  return rows.length > 2 && data.filter((cell) => isTyped(cell)).length >= data.length / 2;
}

const GROUPED = /^[-+]?\d{1,3}(?:,\d{3})+$/;

/** Below one name, `1.234,50` is a number and no two values. `1,5` alone can be either. */
function splitsOneColumn(rows: readonly Row[], { delimiter }: Dialect): boolean {
  const [head, ...below] = rows.map(({ cells }) => cells);
  if (head?.length !== 1 || isTyped(head[0]!)) return false;
  if (below.every(({ length }) => length === 1)) return false;
  const lines = below.map((cells) => cells.join(delimiter));
  if (lines.every((line) => isLink(line) || GROUPED.test(line))) return true;
  return lines.every((line) => isTyped(line)) && lines.some((line) => /[^-+\d,]/.test(line));
}

/** `a||b` has the delimiter `||` if every second cell of every row is empty. */
function withDoubledDelimiter(candidate: Candidate): Candidate {
  const { dialect, rows } = candidate;
  const isDoubled =
    rows.length > 1 &&
    rows.every(
      ({ cells }) => cells.length > 2 && cells.every((cell, at) => at % 2 === 0 || cell === ""),
    );
  if (!isDoubled) return candidate;
  return { ...candidate, dialect: { ...dialect, delimiter: dialect.delimiter.repeat(2) } };
}
