/** Reads a request for a schedule: when it has slots, and what becomes of them. */
import { Refused, summarize, type Issue } from "../../domain/errors.ts";
import {
  DEFAULT_CATCH_UP_WINDOW_MS,
  type CatchUp,
  type Overlap,
  type ScheduleDefinition,
  type Timing,
} from "../../domain/schedule.ts";
import { cronProblem, parseTimezone } from "../../domain/schedule-check.ts";
import { minGapMs, nextSlot } from "../../domain/schedule-grid.ts";
import type { JobRequest } from "../requests.ts";

/** A schedule as the HTTP routes pass it on. What is left out has its default. */
export interface ScheduleRequest {
  readonly key: string;
  readonly cron?: string | undefined;
  readonly everyMs?: number | undefined;
  readonly at?: number | undefined;
  readonly timezone?: string | undefined;
  readonly job: JobRequest;
  readonly overlap?: Overlap | undefined;
  readonly catchUp?: CatchUp | undefined;
  readonly catchUpWindowMs?: number | undefined;
  readonly jitterMs?: number | undefined;
  readonly pauseOnFailures?: number | null | undefined;
  readonly startAt?: number | null | undefined;
  readonly endAt?: number | null | undefined;
}

/** The fields that change. Of the job, too. */
export interface SchedulePatch extends Partial<Omit<ScheduleRequest, "key" | "job">> {
  readonly job?: Partial<JobRequest>;
}

/** The schedule's fields that say when it has slots. */
export type ScheduleWhen = Pick<
  ScheduleRequest,
  "cron" | "everyMs" | "at" | "timezone" | "startAt" | "endAt"
>;

function refuse(issues: readonly Issue[]): Refused {
  return new Refused("BODY_INVALID", `${summarize(issues, "The body")}.`, { issues });
}

/** Throws `Refused`: BODY_INVALID, with each field that is wrong. Asks for no clock. */
export function toDefinition(
  request: Omit<ScheduleRequest, "key" | "job">,
): Omit<ScheduleDefinition, "minGapMs"> {
  const { timezone = "UTC", startAt = null, endAt = null } = request;
  const issues: Issue[] = [];
  const timing = toTiming(request, issues);
  const zone = parseTimezone(timezone);
  if ("problem" in zone) issues.push({ path: "/timezone", message: zone.problem });
  if (startAt !== null && endAt !== null && endAt <= startAt) {
    const message = `is ${iso(endAt)}: it must be after startAt, ${iso(startAt)}`;
    issues.push({ path: "/endAt", message });
  }
  if (issues.length > 0 || timing === null || "problem" in zone) throw refuse(issues);
  return {
    timing,
    timezone: zone.timezone,
    overlap: request.overlap ?? "skip",
    catchUp: request.catchUp ?? "latest",
    catchUpWindowMs: request.catchUpWindowMs ?? DEFAULT_CATCH_UP_WINDOW_MS,
    jitterMs: request.jitterMs ?? 0,
    pauseOnFailures: request.pauseOnFailures ?? null,
    startAt,
    endAt,
  };
}

function toTiming(request: ScheduleWhen, issues: Issue[]): Timing | null {
  const { cron, everyMs, at } = request;
  const given = [cron, everyMs, at].filter((each) => each !== undefined).length;
  if (given !== 1) {
    const message = `must be given, or everyMs, or at, and only one of them; the body has ${given}`;
    issues.push({ path: "/cron", message });
    return null;
  }
  if (everyMs !== undefined) return { kind: "every", everyMs };
  if (at !== undefined) return { kind: "at", at };
  const problem = cronProblem(cron ?? "");
  if (problem === null) return { kind: "cron", cron: (cron ?? "").trim().split(/\s+/).join(" ") };
  issues.push({ path: "/cron", message: problem });
  return null;
}

/** Throws `Refused`: BODY_INVALID if there is no slot after `now`, or the jitter is too large. */
export function withGap(
  definition: Omit<ScheduleDefinition, "minGapMs">,
  now: number,
): ScheduleDefinition {
  const { jitterMs } = definition;
  if (nextSlot(definition, now) === null) throw refuse([whyNoSlot(definition, now)]);
  const gap = minGapMs(definition, now);
  if (gap !== null && jitterMs >= gap) {
    const message = `is ${jitterMs}: it must be less than the time between two slots, ${gap}`;
    throw refuse([{ path: "/jitterMs", message }]);
  }
  return { ...definition, minGapMs: gap };
}

function whyNoSlot(definition: Omit<ScheduleDefinition, "minGapMs">, now: number): Issue {
  const { timing, startAt, endAt } = definition;
  if (timing.kind === "at") {
    const end = endAt === null ? "" : `, and not after endAt, ${iso(endAt)}`;
    return {
      path: "/at",
      message: `is ${iso(timing.at)}: it must be after now, ${iso(now)}${end}`,
    };
  }
  const first = nextSlot({ ...definition, endAt: null }, now);
  if (endAt !== null && first !== null) {
    const message = `is ${iso(endAt)}: it must not be before the next slot, ${iso(first)}`;
    return { path: "/endAt", message };
  }
  const from = startAt !== null && startAt > now ? `startAt, ${iso(startAt)}` : `now, ${iso(now)}`;
  const given = timing.kind === "cron" ? `"${timing.cron}"` : `${timing.everyMs}`;
  const path = timing.kind === "cron" ? "/cron" : "/everyMs";
  return { path, message: `is ${given}: no time after ${from}, matches` };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
