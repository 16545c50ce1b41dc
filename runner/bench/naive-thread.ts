/** The benchmark's plugin `word-count` as a plain function. */
export default function countWords(input: { text: string }): { words: number; distinct: number } {
  const words = input.text.split(/\s+/).filter(Boolean);
  return { words: words.length, distinct: new Set(words).size };
}
