/** The bench's plugin `word-count`, with nothing around it. */
export default function countWords(input: { text: string }): { words: number; distinct: number } {
  const words = input.text.split(/\s+/).filter(Boolean);
  return { words: words.length, distinct: new Set(words).size };
}
