/** Formats events and tables for the terminal. */
import { styleText } from "node:util";
import type { DemoEvent } from "./endpoint.ts";

const COLORS = { started: "cyan", progress: "blue", completed: "green", failed: "red" } as const;
const MAX_DETAIL = 150;

export function showEvent(event: DemoEvent, status: number): string {
  const color = COLORS[event.status as keyof typeof COLORS];
  const kind = styleText(color, event.status.padEnd(9));
  const time = styleText("dim", event.timestamp.slice(11, 23));
  const retried =
    status === 200 ? "" : styleText("yellow", ` (endpoint responded ${status}: will be retried)`);
  return `${time}  ${kind}  ${event.jobName.padEnd(20)}  ${detail(event)}${retried}`;
}

function detail(event: DemoEvent): string {
  const text = {
    started: () => `plugins: ${list(get(event, "config", "plugins"))}`,
    progress: () => {
      const metrics = get(event, "metrics") as { processedItems: number; duration: number };
      const next = get(event, "progress", "currentPlugin") as string | null;
      const then = next === null ? "last plugin" : `next: ${next}`;
      const items = `${metrics.processedItems} ${metrics.processedItems === 1 ? "item" : "items"}`;
      return `${String(event["pluginName"])}: ${items} in ${Math.round(metrics.duration)} ms, ${then}`;
    },
    completed: () => JSON.stringify(get(event, "result", "output")),
    failed: () => `${String(event["errorCode"])}: ${String(event["error"])}`,
  }[event.status as keyof typeof COLORS]();
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}…` : text;
}

function get(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], value);
}

function list(names: unknown): string {
  return (names as string[]).join(" → ");
}

export function showTable(rows: readonly Readonly<Record<string, string>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const widths = columns.map((name) =>
    Math.max(name.length, ...rows.map((row) => row[name]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    styleText("bold", line(columns)),
    ...rows.map((row) => line(columns.map((name) => row[name] ?? ""))),
  ].join("\n");
}
