/** Scripts that are written without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu;
/** The segmenter takes quadratic time in the length of its text. */
const MAX_RUN = 1_000;

/** Counts runs of letters and digits, and the words of scripts without spaces. */
export function countWords(text: string): number {
  let count = 0;
  const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
  const rest = text.replaceAll(UNSPACED, (run) => {
    for (let start = 0; start < run.length; start += MAX_RUN) {
      for (const { isWordLike } of segmenter.segment(run.slice(start, start + MAX_RUN))) {
        if (isWordLike) count += 1;
      }
    }
    return " ";
  });
  return count + (rest.match(WORD)?.length ?? 0);
}
