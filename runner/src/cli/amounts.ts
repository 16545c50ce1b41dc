/** Durations, times and sizes as people write them. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `relative` is `3 min ago`. `local` and `utc` are ISO 8601, with this machine's offset or in UTC. */
export type TimeStyle = "relative" | "local" | "utc";

export function toDuration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  const [unit, name, part, partName] =
    ms < HOUR
      ? ([MINUTE, "min", SECOND, "s"] as const)
      : ms < DAY
        ? ([HOUR, "h", MINUTE, "min"] as const)
        : ([DAY, "d", HOUR, "h"] as const);
  const rest = Math.floor((ms % unit) / part);
  return `${Math.floor(ms / unit)} ${name}${rest === 0 ? "" : ` ${rest} ${partName}`}`;
}

export function toTime(instant: string, { now, style }: { now: number; style: TimeStyle }): string {
  const at = Date.parse(instant);
  if (style === "utc") return new Date(at).toISOString();
  if (style === "local") return toLocalIso(new Date(at));
  const ms = Math.abs(now - at);
  if (ms < SECOND) return "now";
  const [unit, name] =
    ms < MINUTE
      ? ([SECOND, "s"] as const)
      : ms < HOUR
        ? ([MINUTE, "min"] as const)
        : ms < 2 * DAY
          ? ([HOUR, "h"] as const)
          : ([DAY, "d"] as const);
  const amount = `${Math.floor(ms / unit)} ${name}`;
  return at > now ? `in ${amount}` : `${amount} ago`;
}

/** `09:30:00.123` in the time zone of this machine. */
export function toTimeOfDay(instant: string): string {
  return toLocalIso(new Date(instant)).slice(11, 23);
}

function toLocalIso(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * MINUTE).toISOString().slice(0, -1);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const size = Math.abs(offset);
  return `${local}${offset < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

export function toSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** `90s`, `30m`, `2h` or `7d` before now, or an instant in ISO 8601. Returns null for other texts. */
export function parseTime(text: string, now: number): string | null {
  const [, amount, unit] = /^(\d+)\s*(s|m|min|h|d)$/.exec(text) ?? [];
  if (amount !== undefined) {
    const ms = { s: SECOND, m: MINUTE, min: MINUTE, h: HOUR, d: DAY }[unit ?? ""] ?? 0;
    return new Date(now - Number(amount) * ms).toISOString();
  }
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  m: MINUTE,
  min: MINUTE,
  h: HOUR,
  d: DAY,
};

/** `90s`, `30m`, `2h`, `7d` or `500ms` in ms; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, amount, unit = ""] = /^(\d+)\s*(ms|s|m|min|h|d)$/.exec(text.trim()) ?? [];
  const size = UNITS[unit];
  return amount === undefined || size === undefined ? null : Number(amount) * size;
}
