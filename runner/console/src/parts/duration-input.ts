/** Durations as a person types them: "500ms", "90s", "15m", "2h", "7d". */
const UNITS = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds, or null for what is no duration. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)\s*$/i.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return null;
  return Math.round(Number(amount) * UNITS[unit.toLowerCase() as keyof typeof UNITS]);
}

/** In the largest unit that says it exactly. */
export function durationText(ms: number): string {
  const units = ["d", "h", "m", "s"] as const;
  const unit = ms === 0 ? "s" : (units.find((each) => ms % UNITS[each] === 0) ?? "ms");
  return `${ms / UNITS[unit]}${unit}`;
}
