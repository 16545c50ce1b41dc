import type { Output } from "./output.ts";
import { toPrintable } from "./printable.ts";
import { colorOf } from "./state-color.ts";

/** A label, its text, and the state that gives the text its color. */
export type Field = readonly [label: string, text: string | null, state?: string];

/** Prints one thing as labels and values, without those that have no text. */
export function printFields(fields: readonly Field[], output: Output): void {
  const shown = fields.filter(([, text]) => text !== null && text !== "");
  const width = Math.max(...shown.map(([label]) => label.length));
  for (const [label, text, state] of shown) {
    const printable = toPrintable(text ?? "");
    const color = state === undefined ? null : colorOf(state);
    const value = color === null ? printable : output.paint(color, printable);
    output.print(`${output.paint("bold", label.padEnd(width))}  ${value}`);
  }
}
