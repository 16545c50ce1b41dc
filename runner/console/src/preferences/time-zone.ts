/** Times are shown in the reader's own zone, or in UTC. */
import { computed } from "@preact/signals";
import { storedChoice } from "./stored.ts";

export const ZONES = ["local", "utc"] as const;

export const zone = storedChoice("zone", ZONES);

export const zoneName = computed(() =>
  zone.value === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone,
);

const formats = computed(() => {
  const timeZone = zoneName.value;
  const make = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat("en-GB", { timeZone, hourCycle: "h23", ...options });
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  return {
    minute: make({ hour: "2-digit", minute: "2-digit" }),
    clock: make(clock),
    precise: make({ ...clock, fractionalSecondDigits: 3 }),
    day: make({ year: "numeric", month: "short", day: "numeric" }),
    short: make({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }),
    full: make({ dateStyle: "medium", timeStyle: "long" }),
  };
});

export type TimeFormat = keyof typeof formats.value;

export function formatTime(at: Date, format: TimeFormat): string {
  return formats.value[format].format(at);
}
