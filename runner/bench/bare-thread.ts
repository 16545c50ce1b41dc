export default function countWords(input: { text: string }): { words: number } {
  return { words: input.text.split(/\s+/).length };
}
