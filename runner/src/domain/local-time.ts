/** An instant as a clock in a time zone shows it: `Mon, 30 Nov 2026, 09:00 CET`. Pure. */
export function localTime(at: number, timezone: string): string {
  const hasSeconds = at % 60_000 !== 0;
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    ...(hasSeconds && { second: "2-digit" }),
    timeZoneName: "short",
  }).format(at);
}
