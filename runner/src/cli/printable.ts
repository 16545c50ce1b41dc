/**
 * Control characters and marks that change the direction of text. Names, messages and logs come from
 * jobs, and must not move the cursor, hide text or send commands to the terminal.
 */
// oxlint-disable-next-line no-control-regex -- these are the characters to find
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text in one line, with such characters shown as escapes. */
export function toPrintable(text: string): string {
  return text.replaceAll(/\r?\n/g, "⏎ ").replaceAll("\t", " ").replaceAll(UNPRINTABLE, escape);
}

/** The same, but lines stay lines. */
export function toPrintableLines(text: string): string {
  return text.split("\n").map(toPrintable).join("\n");
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
