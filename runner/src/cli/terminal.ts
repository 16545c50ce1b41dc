import { styleText } from "node:util";

export type Color = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export type Paint = (color: Color, text: string) => string;

export const noPaint: Paint = (_, text) => text;

/** What a stream can show: its width in columns, null when it is no terminal, and colors. */
export function describeStream(stream: NodeJS.WriteStream): { width: number | null; paint: Paint } {
  // hasColors() is false with NO_COLOR, and for a terminal that has none.
  const isColored = stream.isTTY && stream.hasColors();
  return {
    width: stream.isTTY ? stream.columns : null,
    paint: isColored ? (color, text) => styleText(color, text, { validateStream: false }) : noPaint,
  };
}
