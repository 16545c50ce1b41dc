import type { JobSummary } from "../api/schema.ts";

/** The states of jobs, as the console shows them. */
export type JobStateName = JobSummary["status"] | "waiting" | "scheduled" | "cancelled";

type Known = Pick<JobSummary, "status" | "errorCode" | "runAt" | "waitingFor">;

/** The state to show. The API calls a job "queued" also while it waits for a plugin or for its time. */
export function stateOf(
  { status, errorCode, runAt, waitingFor }: Known,
  now: number,
): JobStateName {
  if (status === "failed" && errorCode === "CANCELLED") return "cancelled";
  if (status !== "queued") return status;
  if (waitingFor !== null) return "waiting";
  return Date.parse(runAt) > now ? "scheduled" : "queued";
}
