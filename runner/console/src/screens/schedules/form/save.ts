import { ApiError } from "../../../api/request.ts";
import { changesOf, requestOf, type Draft } from "../../run/draft.ts";
import { sendText } from "../../run/submit.ts";
import { changedFields, fieldsOf, issuesOf, type ScheduleDraft } from "./schedule-draft.ts";

/** Both parts of the form. The job's values are JSON text, so that they are sent as they were written. */
export interface WholeDraft {
  readonly schedule: ScheduleDraft;
  readonly job: Draft;
}

/** Creates the schedule, or changes what differs from `stored`. Throws Error, ApiError with the fields. */
export async function saveSchedule(
  { schedule, job }: WholeDraft,
  stored: WholeDraft | null,
): Promise<string> {
  const key = schedule.key.trim();
  const issues = issuesOf(schedule);
  if (issues.length > 0) {
    const detail = "Some fields are not right yet.";
    throw new ApiError({ status: 0, code: "FORM_INVALID", detail, issues });
  }
  if (stored !== null) {
    const changes = changesOf(stored.job, job);
    const body = withJob(changedFields(stored.schedule, schedule), changes);
    await sendText("PATCH", `/v1/schedules/${encodeURIComponent(key)}`, { body });
    return key;
  }
  const body = withJob({ key, ...fieldsOf(schedule) }, requestOf(job));
  // Without it the daemon replaces a schedule with this key, which nobody expects who makes a new one.
  await sendText("POST", "/v1/schedules", { body, headers: { "if-none-match": "*" } });
  return key;
}

function withJob(fields: object, job: string | null): string {
  const texts = Object.entries(fields).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  return `{${[...texts, ...(job === null ? [] : [`"job":${job}`])].join(",")}}`;
}
