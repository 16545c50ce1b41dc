/** The flags that say what a schedule has besides its job, as fields of the request. */
import type { UpdateSchedule } from "../../http/contract/schedule.ts";
import { requireDuration } from "../require-duration.ts";
import type { Given } from "../command-contract.ts";
import type { updateSchedule } from "../contract/schedules.ts";

type Flags = Given<typeof updateSchedule>["flags"];

/** Only those that are given. Throws BadSetting for what is no duration. */
export function toSettings(
  flags: Omit<Flags, "plugin" | "input" | "name" | "attempts" | "retry-delay" | "job">,
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
  return text === undefined ? undefined : requireDuration(flag, text);
}
