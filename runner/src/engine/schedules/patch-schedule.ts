/** The request that would save a schedule as it is, with some fields changed. Pure. */
import type { Timing } from "../../domain/schedule.ts";
import type { StoredSchedule } from "../../ports/store/schedules.ts";
import type { JobRequest } from "../requests.ts";
import type { SchedulePatch, ScheduleRequest } from "./schedule-request.ts";

export function patchSchedule(
  { key, definition }: Pick<StoredSchedule, "key" | "definition">,
  job: JobRequest,
  { job: jobPatch, ...patch }: SchedulePatch,
): ScheduleRequest {
  const { timing, minGapMs: _, ...rest } = definition;
  const { cron, everyMs, at } = patch;
  const isRetimed = cron !== undefined || everyMs !== undefined || at !== undefined;
  return {
    ...rest,
    ...(isRetimed ? {} : timingFields(timing)),
    ...withoutUndefined(patch),
    key,
    job: { ...job, ...jobPatch },
  };
}

function timingFields(timing: Timing): Pick<ScheduleRequest, "cron" | "everyMs" | "at"> {
  switch (timing.kind) {
    case "cron":
      return { cron: timing.cron };
    case "every":
      return { everyMs: timing.everyMs };
    case "at":
      return { at: timing.at };
  }
}

function withoutUndefined<T extends object>(fields: T): Partial<T> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<T>;
}
