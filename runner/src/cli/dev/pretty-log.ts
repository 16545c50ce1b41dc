import { styleText } from "node:util";

/** By pino's numbers. */
const LEVELS = new Map([
  [10, ["trace", "gray"]],
  [20, ["debug", "gray"]],
  [30, ["info", "green"]],
  [40, ["warn", "yellow"]],
  [50, ["error", "red"]],
  [60, ["fatal", "red"]],
] as const);

/** Fields that a person at the terminal does not need. */
const HIDDEN: ReadonlySet<string> = new Set(["level", "time", "pid", "hostname", "msg"]);

/** Turns a line of the daemon's log into text for people. Texts of several lines come last, indented. */
export function prettyLine(line: string): string {
  const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const [name, color] = LEVELS.get(fields["level"] as 30) ?? ["log", "gray"];
  const time = new Date(Number(fields["time"])).toTimeString().slice(0, 8);
  const head = `${styleText("gray", time)} ${styleText(color, name.padEnd(5))} ${toText(fields["msg"])}`;
  const short: string[] = [];
  const long: string[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (HIDDEN.has(key)) continue;
    const text = toText(value);
    if (text.includes("\n") || text.length > 80) long.push(indent(`${key}: ${text}`));
    else short.push(styleText("gray", `${key}=${text}`));
  }
  return [[head, ...short].join(" "), ...long].join("\n");
}

export function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}

function toText(value: unknown): string {
  if (typeof value === "string") return value;
  const { stack } = (value ?? {}) as { stack?: unknown };
  return typeof stack === "string" ? stack : (JSON.stringify(value) ?? "");
}
