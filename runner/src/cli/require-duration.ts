import { BadSetting } from "../config.ts";
import { parseDuration } from "./amounts.ts";

/** A flag's duration in ms. */
export function requireDuration(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new BadSetting(
    `${flag} is ${JSON.stringify(text)}: it must be a duration such as 500ms, 90s, 30m, 2h or 7d.`,
  );
}
