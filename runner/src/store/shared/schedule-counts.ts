import type { ScheduleState } from "../../domain/schedule.ts";

/** Schedules are few (MAX_SCHEDULES): an index of them is read, and they need no counter. */
export const COUNT_SCHEDULES = `SELECT state, count(*) AS count, count(next_slot) AS going
  FROM schedules GROUP BY state`;

export interface ScheduleCountRow {
  readonly state: string;
  readonly count: number;
  /** Those with a slot to come. */
  readonly going: number;
}

export function toScheduleCounts(
  rows: readonly ScheduleCountRow[],
): Readonly<Record<ScheduleState, number>> {
  const of = (state: string) => rows.find((row) => row.state === state) ?? { count: 0, going: 0 };
  const active = of("active");
  return { active: active.going, paused: of("paused").count, ended: active.count - active.going };
}
