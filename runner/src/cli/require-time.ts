import { BadSetting } from "../config.ts";
import { parseTime } from "./amounts.ts";

/** The instant that a flag names, in ISO 8601. Throws `BadSetting`. */
export function requireTime(flag: string, text: string): string {
  const instant = parseTime(text, Date.now());
  if (instant !== null) return instant;
  throw new BadSetting(
    `${flag} is ${JSON.stringify(text)}: it must be an age such as 90s, 30m, 2h or 7d, or a time such as 2026-11-23T09:30:00Z.`,
  );
}
