/** What the form of a schedule says besides its job, as texts that a person edits. */
import type {
  PreviewSchedule,
  SaveSchedule,
  Schedule,
  UpdateSchedule,
} from "../../../api/schema.ts";
import { durationText, parseDuration } from "../../../parts/duration-input.ts";
import { formatInput, parseInput } from "../../jobs/time-input.ts";

export const KINDS = ["cron", "every", "at"] as const;

export interface ScheduleDraft {
  readonly key: string;
  readonly kind: (typeof KINDS)[number];
  readonly cron: string;
  readonly every: string;
  /** As `<input type="datetime-local">` has it, as the next two. */
  readonly at: string;
  readonly startAt: string;
  readonly endAt: string;
  readonly timezone: string;
  readonly overlap: Schedule["overlap"];
  readonly catchUp: Schedule["catchUp"];
  readonly catchUpWindow: string;
  readonly jitter: string;
  readonly pauseOnFailures: string;
}

export interface Issue {
  /** As the API has it, such as `/cron`. */
  readonly path: string;
  readonly message: string;
}

export const RULES = {
  overlap: "skip",
  catchUp: "latest",
  catchUpWindow: "1h",
  jitter: "",
  pauseOnFailures: "",
  startAt: "",
  endAt: "",
} as const;

export function newSchedule(): ScheduleDraft {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    ...RULES,
    key: "",
    kind: "cron",
    cron: "0 9 * * *",
    every: "1h",
    at: "",
    timezone: timeZone,
  };
}

export function draftOfSchedule(schedule: Schedule): ScheduleDraft {
  const { cron, everyMs, at, jitterMs, pauseOnFailures, startAt, endAt } = schedule;
  const empty = newSchedule();
  return {
    key: schedule.key,
    kind: everyMs !== null ? "every" : at !== null ? "at" : "cron",
    cron: cron ?? empty.cron,
    every: everyMs === null ? empty.every : durationText(everyMs),
    at: at === null ? "" : formatInput(at),
    startAt: startAt === null ? "" : formatInput(startAt),
    endAt: endAt === null ? "" : formatInput(endAt),
    timezone: schedule.timezone,
    overlap: schedule.overlap,
    catchUp: schedule.catchUp,
    catchUpWindow: durationText(schedule.catchUpWindowMs),
    jitter: jitterMs === 0 ? "" : durationText(jitterMs),
    pauseOnFailures: pauseOnFailures === null ? "" : String(pauseOnFailures),
  };
}

export function hasRules(draft: ScheduleDraft): boolean {
  const names = Object.keys(RULES) as (keyof typeof RULES)[];
  return names.some((name) => draft[name] !== RULES[name]);
}

/** What is wrong with the texts themselves. The daemon checks the rest. */
export function issuesOf(draft: ScheduleDraft): readonly Issue[] {
  const { kind, every, at, catchUpWindow, jitter, pauseOnFailures } = draft;
  const issues: Issue[] = [];
  const check = (path: string, isRight: boolean, message: string): void => {
    if (!isRight) issues.push({ path, message });
  };
  const durations = [
    ["/everyMs", kind === "every" ? every : "1s"],
    ["/catchUpWindowMs", catchUpWindow],
    ["/jitterMs", jitter || "0s"],
  ] as const;
  check("/key", draft.key.trim() !== "", "must be given, such as nightly-report");
  check("/at", kind !== "at" || at !== "", "must be a date and a time");
  for (const [path, text] of durations) {
    const message = `is "${text}": it must be a duration such as 90s, 15m, 2h or 7d`;
    check(path, parseDuration(text) !== null, message);
  }
  const isCount = pauseOnFailures === "" || /^\d+$/.test(pauseOnFailures.trim());
  check("/pauseOnFailures", isCount, `is "${pauseOnFailures}": it must be a number`);
  return issues;
}

/** Null while the texts say no time. */
export function whenOf(draft: ScheduleDraft): PreviewSchedule | null {
  const isWrong = issuesOf(draft).some(({ path }) => path === "/everyMs" || path === "/at");
  if (isWrong) return null;
  return {
    ...timingOf(draft),
    timezone: draft.timezone.trim(),
    startAt: parseInput(draft.startAt),
    endAt: parseInput(draft.endAt),
  };
}

function timingOf({ kind, cron, every, at }: ScheduleDraft) {
  switch (kind) {
    case "cron":
      return { cron };
    case "every":
      return { everyMs: parseDuration(every) ?? 0 };
    case "at":
      return { at: parseInput(at) ?? "" };
  }
}

/** The fields of a draft without issues. */
export function fieldsOf(draft: ScheduleDraft): Omit<SaveSchedule, "key" | "job"> {
  const { overlap, catchUp, pauseOnFailures } = draft;
  return {
    ...timingOf(draft),
    timezone: draft.timezone.trim(),
    overlap,
    catchUp,
    catchUpWindowMs: parseDuration(draft.catchUpWindow) ?? 0,
    jitterMs: parseDuration(draft.jitter) ?? 0,
    pauseOnFailures: pauseOnFailures === "" ? null : Number(pauseOnFailures),
    startAt: parseInput(draft.startAt),
    endAt: parseInput(draft.endAt),
  };
}

/** The fields that differ from the draft that the form began with. */
export function changedFields(first: ScheduleDraft, draft: ScheduleDraft): UpdateSchedule {
  const before: UpdateSchedule = fieldsOf(first);
  const changed = Object.entries(fieldsOf(draft)).filter(
    ([name, value]) => before[name as keyof UpdateSchedule] !== value,
  );
  return Object.fromEntries(changed);
}
