/** The benchmark's plugin `word-count` as a plain function. */
export interface CountedWords {
  readonly words: number;
  readonly distinct: number;
}

export default function countWords(input: { text: string }): CountedWords {
  const words = input.text.split(/\s+/).filter(Boolean);
  return { words: words.length, distinct: new Set(words).size };
}
