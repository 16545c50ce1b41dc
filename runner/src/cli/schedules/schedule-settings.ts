/** The flags that say what a schedule has besides its job, as fields of the request. */
import { BadSetting } from "../../config.ts";
import type { UpdateSchedule } from "../../http/contract/schedule.ts";
import { parseDuration } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { updateSchedule } from "../contract/schedules.ts";

type Flags = Given<typeof updateSchedule>["flags"];

/** Only those that are given. Throws BadSetting for what is no duration. */
export function toSettings(
  flags: Omit<Flags, "plugin" | "input" | "name" | "job">,
): UpdateSchedule {
  const { cron, at, timezone, overlap } = flags;
  const pauseOnFailures = flags["pause-on-failures"];
  return givenOf({
    cron,
    everyMs: toMs("--every", flags.every),
    at,
    timezone,
    overlap,
    catchUp: flags["catch-up"],
    catchUpWindowMs: toMs("--catch-up-window", flags["catch-up-window"]),
    jitterMs: toMs("--jitter", flags.jitter),
    pauseOnFailures: pauseOnFailures === 0 ? null : pauseOnFailures,
  });
}

export function givenOf<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function toMs(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new BadSetting(
    `${flag} is ${JSON.stringify(text)}: it must be a duration such as 500ms, 90s, 30m, 2h or 7d.`,
  );
}
