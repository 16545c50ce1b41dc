/** Makes text of the pieces of a page, which have places but no lines. */

export interface Piece {
  readonly text: string;
  readonly left: number;
  /** Of the baseline, from the top of the page. */
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly endsLine: boolean;
}

/** A gap of this many line heights between two lines is shown as an empty line. */
const PARAGRAPH_GAP = 1.6;
const MAX_INDENT = 250;

/** The order of the document, with an empty line between paragraphs. */
export function readingText(pieces: readonly Piece[]): string {
  let text = "";
  let line: Piece | null = null;
  let lastTop: number | null = null;
  for (const piece of pieces) {
    if (piece.text !== "") {
      if (line === null && lastTop !== null) {
        const gap = piece.top - lastTop;
        if (gap > PARAGRAPH_GAP * Math.max(1, piece.height)) text += "\n";
      }
      line ??= piece;
      text += piece.text;
      lastTop = piece.top;
    }
    if (piece.endsLine) {
      if (line !== null) text += "\n";
      line = null;
    }
  }
  return tidy(text);
}

/** Each piece where it is on the page, with spaces between, for tables and forms. */
export function layoutText(pieces: readonly Piece[]): string {
  const visible = pieces.filter(({ text }) => text.trim() !== "");
  if (visible.length === 0) return "";
  const unit = medianCharacterWidth(visible);
  const left = visible.reduce((least, piece) => Math.min(least, piece.left), Infinity);
  const lines: { top: number; height: number; pieces: Piece[] }[] = [];
  for (const piece of visible.toSorted((a, b) => a.top - b.top || a.left - b.left)) {
    const line = lines.at(-1);
    if (line && piece.top - line.top < Math.max(piece.height, line.height) / 2) {
      line.pieces.push(piece);
    } else lines.push({ top: piece.top, height: piece.height, pieces: [piece] });
  }
  let text = "";
  let last: (typeof lines)[number] | null = null;
  for (const line of lines) {
    if (last && line.top - last.top > PARAGRAPH_GAP * Math.max(1, line.height)) text += "\n";
    text += `${placeInLine(line.pieces, left, unit)}\n`;
    last = line;
  }
  return tidy(text);
}

function placeInLine(pieces: readonly Piece[], left: number, unit: number): string {
  let line = "";
  let end = left;
  for (const piece of pieces.toSorted((a, b) => a.left - b.left)) {
    const column = Math.min(MAX_INDENT, Math.round((piece.left - left) / unit));
    const touches = piece.left - end < unit * 0.4;
    if (line === "" || !touches) {
      const spaces = Math.max(line === "" ? 0 : 1, column - line.length);
      line += " ".repeat(spaces);
    }
    line += piece.text;
    end = piece.left + piece.width;
  }
  return line;
}

function medianCharacterWidth(pieces: readonly Piece[]): number {
  const widths = pieces
    .map(({ text, width }) => width / text.length)
    .filter((width) => width > 0)
    .toSorted((a, b) => a - b);
  return widths[Math.floor(widths.length / 2)] ?? 5;
}

function tidy(text: string): string {
  return text
    .replaceAll(/[ \t]+$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
    .replace(/^\n+|\n+$/g, "");
}
