/** The tags in a text that a person typed. None has a space or a comma. */
export function parseTags(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
