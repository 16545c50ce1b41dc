/** `<input type="datetime-local">` has a time without a zone: it is in the zone that the console shows. */
import { zone } from "../../preferences/time-zone.ts";

/** From an instant to the input's text. "" for what is not an instant. */
export function formatInput(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  const shiftMs = zone.value === "utc" ? 0 : at.getTimezoneOffset() * 60_000;
  return new Date(at.getTime() - shiftMs).toISOString().slice(0, 16);
}

/** From the input's text to an instant. Null when it is empty. */
export function parseInput(text: string): string | null {
  if (text === "") return null;
  return new Date(zone.value === "utc" ? `${text}Z` : text).toISOString();
}
