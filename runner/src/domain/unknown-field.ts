import { nearest } from "./nearest.ts";

/** The message about a field that is not in `known`, to follow the field's path. */
export function unknownField(field: string, known: readonly string[]): string {
  const meant = nearest(field, known, Math.floor(field.length / 2));
  if (meant !== null) return `is not a known field (did you mean ${JSON.stringify(meant)}?)`;
  const names = known.map((name) => JSON.stringify(name)).join(", ");
  return `is not a known field: ${names === "" ? "there are none here" : `the known fields are ${names}`}`;
}
