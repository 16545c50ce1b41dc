import type { Color } from "./terminal.ts";

const COLORS: Readonly<Record<string, Color>> = {
  completed: "green",
  delivered: "green",
  done: "green",
  aborted: "yellow",
  active: "green",
  ready: "green",
  running: "cyan",
  queued: "yellow",
  waiting: "yellow",
  due: "yellow",
  elsewhere: "yellow",
  paused: "yellow",
  failed: "red",
  dead: "red",
  off: "red",
  broken: "red",
  open: "red",
  fired: "green",
  "caught-up": "green",
  buffered: "cyan",
  skipped: "yellow",
  missed: "red",
  refused: "red",
};

/** The color of a state. The word is always shown too. */
export function colorOf(state: string): Color | null {
  return COLORS[state] ?? null;
}
