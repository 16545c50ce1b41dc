import { ApiError, call } from "../../../api/request.ts";
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
    await sendText("PATCH", `/v1/schedules/${encodeURIComponent(key)}`, body);
    return key;
  }
  await refuseKnownKey(key);
  await sendText("POST", "/v1/schedules", withJob({ key, ...fieldsOf(schedule) }, requestOf(job)));
  return key;
}

function withJob(fields: object, job: string | null): string {
  const texts = Object.entries(fields).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  return `{${[...texts, ...(job === null ? [] : [`"job":${job}`])].join(",")}}`;
}

/** The daemon would replace the schedule, and a person who makes a new one does not expect that. */
async function refuseKnownKey(key: string): Promise<void> {
  try {
    await call("GET /v1/schedules/{key}", { params: { key } });
  } catch (error) {
    if (error instanceof ApiError && error.code === "SCHEDULE_NOT_FOUND") return;
    throw error;
  }
  const issue = { path: "/key", message: `is "${key}", which another schedule has` };
  const detail = `There is a schedule "${key}". Edit it, or choose another key.`;
  throw new ApiError({ status: 0, code: "KEY_TAKEN", detail, issues: [issue] });
}
