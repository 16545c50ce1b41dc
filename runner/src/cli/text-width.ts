/** How many columns of a terminal a text takes: 2 for CJK and emoji, 0 for marks on the letter before. */

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
/** Unicode's East Asian Width W and F, in the blocks that contain them. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{RI}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}])|\ufe0f/u;
const PLAIN = /^[\x20-\x7e]*$/;

export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

/** Cuts the text to the width, with `…` as its end when something is missing. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const { segment } of GRAPHEMES.segment(text)) {
    used += widthOfGrapheme(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

function widthOfGrapheme(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
