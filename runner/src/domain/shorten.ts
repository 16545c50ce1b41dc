/** The longest text of a request that a message repeats. */
export const MAX_SHOWN = 60;

/** The text, or its first characters and an ellipsis. */
export function shorten(text: string, max = MAX_SHOWN): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}
