const DAY_MS = 86_400_000;
/** Excel counts days from 1 January 1900, and has a 29 February 1900 that never was. */
const EPOCH_1900 = Date.UTC(1899, 11, 30);
const EPOCH_1904 = Date.UTC(1904, 0, 1);
const LEAP_BUG_DAY = 60;
const LAST_DAY = 2_958_466;

/** `2026-02-13`, or `2026-02-13T10:30:00` if the day has a time. Null if no date has the number. */
export function serialToDate(serial: number, uses1904: boolean): string | null {
  if (serial < 0 || serial >= LAST_DAY) return null;
  if (!uses1904 && Math.floor(serial) === LEAP_BUG_DAY) return null;
  const shift = uses1904 || serial >= LEAP_BUG_DAY ? 0 : 1;
  const ms = Math.round((serial + shift) * DAY_MS);
  const text = new Date((uses1904 ? EPOCH_1904 : EPOCH_1900) + ms).toISOString();
  return ms % DAY_MS === 0 ? text.slice(0, 10) : text.slice(0, -1).replace(/\.000$/, "");
}

/** `10:30:00`. Hours go beyond 24 for a duration. */
export function serialToTime(serial: number): string {
  return durationText(Math.round(Math.abs(serial) * DAY_MS), serial < 0);
}

/** Reads `PT10H30M00S` of ods. Null if it is not a duration. */
export function isoDurationToTime(written: string): string | null {
  const match = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?)?$/.exec(
    written,
  );
  if (!match) return null;
  const [, sign, days, hours, minutes, seconds, part] = match;
  const whole = ((Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes ?? 0)) * 60;
  const ms = Math.round(Number(`0.${part ?? 0}`) * 1000);
  return durationText((whole + Number(seconds ?? 0)) * 1000 + ms, sign === "-");
}

function durationText(ms: number, isNegative: boolean): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const rest = ms % 1000;
  const text = `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}`;
  return `${isNegative ? "-" : ""}${text}${rest ? `.${String(rest).padStart(3, "0")}` : ""}`;
}
