/** The id of a field's description and errors. */
export function helpId(fieldId: string): string {
  return `${fieldId}-help`;
}
