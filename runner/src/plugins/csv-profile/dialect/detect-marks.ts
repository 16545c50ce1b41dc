/** Excel and laboratory programs name the delimiter in a line before the table. */
const SEPARATOR_LINE = /^"?sep=(\\t|[^\r\n"])"?[,;\t ]*(?:\r\n|\r|\n|$)/i;
const COMMENT = "#";

export interface Marks {
  /** The delimiter that a `sep=` line names. */
  readonly delimiter: string | undefined;
  /** The length of that line with its line end. */
  readonly length: number;
}

export function readSeparatorLine(text: string): Marks {
  const found = SEPARATOR_LINE.exec(text);
  if (found === null) return { delimiter: undefined, length: 0 };
  return { delimiter: found[1] === "\\t" ? "\t" : found[1], length: found[0].length };
}

/** `#` begins comments if the text begins with such lines, and other lines follow. */
export function detectComment(text: string): string {
  const lines = text.split(/\r\n|\r|\n/, 200).filter((line) => line !== "");
  const isComment = (line: string): boolean => line.startsWith(COMMENT);
  const [first = ""] = lines;
  // A column can be named `#`.
  if (!isComment(first) || /^#[,;|\t]/.test(first)) return "";
  return lines.every(isComment) ? "" : COMMENT;
}

/** The comment line right above the table, without its mark. */
export function lastCommentLine(textBefore: string, comment: string): string | null {
  const lines = textBefore.split(/[\r\n]+/).filter((line) => line !== "");
  const last = lines.at(-1);
  if (comment === "" || last === undefined || !last.startsWith(comment)) return null;
  return last.slice(comment.length);
}
