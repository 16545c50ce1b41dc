/** What is wrong with when a schedule has slots, in words that follow a field's name. Pure. */
import { didYouMean } from "./nearest.ts";
import { MAX_CRON_LENGTH } from "./schedule.ts";
import { parseCron } from "./schedule-grid.ts";
import { shorten } from "./shorten.ts";

const EXAMPLE = 'such as "0 9 * * 1-5" for 9:00 from Monday to Friday';

const RANGES =
  "Minutes are 0-59, hours 0-23, days 1-31, months 1-12, days of the week 0-7, and steps such as */5";

/** Null if the text can be read. The length comes first, so that a text of megabytes is not parsed. */
export function cronProblem(cron: string): string | null {
  if (cron.length > MAX_CRON_LENGTH) {
    return `is ${cron.length} characters long: it must be at most ${MAX_CRON_LENGTH}`;
  }
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) {
    const seconds =
      fields.length === 6 ? ". Seconds are not supported: for less than a minute, use everyMs" : "";
    const found = cron.trim() === "" ? 0 : fields.length;
    return `is "${cron}", with ${found} ${found === 1 ? "field" : "fields"}: it must have 5, minute, hour, day of the month, month and day of the week, ${EXAMPLE}${seconds}`;
  }
  if (cron.includes("?")) return `is "${cron}": use * in place of ?`;
  try {
    parseCron(cron, "UTC");
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "";
    // croner counts days and months from 0, so that its number can be another one.
    const reason = why.startsWith("Invalid value") ? "a value is out of range" : why;
    return `is "${cron}", which is not cron: ${reason.replace(/\.$/, "")}. ${RANGES}`;
  }
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The zone's name in the letters of IANA, or what is wrong with it. */
export function parseTimezone(
  given: string,
): { readonly timezone: string } | { readonly problem: string } {
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  if (/^[A-Za-z]/.test(given) && given.length <= 100) {
    try {
      new Intl.DateTimeFormat("en", { timeZone: given }).format(0);
      return { timezone: zones.find((zone) => isSame(zone, given)) ?? given };
    } catch {
      // Not a zone.
    }
  }
  const city = zones.find((zone) => zone.toLowerCase().endsWith(`/${given.toLowerCase()}`));
  const meant = city === undefined ? didYouMean(shorten(given), zones) : ` Did you mean "${city}"?`;
  const hint = meant === "" ? "" : `.${meant}`;
  const problem = `is "${shorten(given)}": it must be the name of an IANA time zone, such as Europe/Berlin${hint}`;
  return { problem };
}
