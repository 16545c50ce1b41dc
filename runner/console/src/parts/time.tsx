import { formatTime, type TimeFormat } from "../preferences/time-zone.ts";
import { describeAgo } from "./ago-text.ts";
import { now } from "./now.ts";

interface TimeProps {
  readonly at: string | null;
  /** `ago`: how long it is since then, kept up to date. `auto`: with the date unless it is today. */
  readonly format?: TimeFormat | "ago" | "auto";
}

/** A time with its zone in the title and the exact instant for programs. */
export function Time({ at, format = "auto" }: TimeProps) {
  if (at === null) return <span class="faint">–</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={formatTime(date, "full")}>
      {format === "ago"
        ? describeAgo(now.value - date.getTime())
        : formatTime(date, resolve(date, format))}
    </time>
  );
}

function resolve(date: Date, format: TimeFormat | "auto"): TimeFormat {
  if (format !== "auto") return format;
  const isToday = formatTime(date, "day") === formatTime(new Date(), "day");
  return isToday ? "clock" : "short";
}
