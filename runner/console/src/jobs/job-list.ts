/** A live list of jobs: rows change in place, and new jobs are only counted until the reader asks for them. */
import type { JobSummary, Operations } from "../api/schema.ts";
import { call } from "../api/request.ts";
import { useSteadyList, type SteadyList } from "../live/steady-list.ts";
import { useLive, type LiveJob } from "../live/stream.ts";

type JobQuery = Operations["GET /v1/jobs"]["query"];

/** Which jobs, as the API names it. */
export type JobFilter = Omit<JobQuery, "limit" | "cursor">;

export type LiveJobs = SteadyList<JobSummary>;

export function useJobList(query: JobQuery): LiveJobs {
  const list = useSteadyList<JobSummary>({
    key: JSON.stringify(query),
    load: (signal) => call("GET /v1/jobs", { query, signal }),
    keyOf: ({ jobId }) => jobId,
    isFirstPage: query.cursor === undefined,
  });
  useLive({
    jobs: (changed) =>
      list.page.update((data) => ({ ...data, items: patchRows(data.items, changed) })),
  });
  return list;
}

/** The stream only says how many steps have completed. */
function patchSteps(row: JobSummary, change: LiveJob): JobSummary["steps"] {
  const { completedSteps, status } = { ...row, ...change };
  return row.steps.map(({ plugin, status: before }, index) => {
    if (index < completedSteps) return { plugin, status: "completed" };
    if (index > completedSteps) return { plugin, status: "pending" };
    if (status === "running" || status === "failed") return { plugin, status };
    return { plugin, status: before };
  });
}

function patchRows(
  rows: readonly JobSummary[],
  changed: readonly LiveJob[],
): readonly JobSummary[] {
  const byId = new Map(changed.map((one) => [one.jobId, one]));
  if (!rows.some(({ jobId }) => byId.has(jobId))) return rows;
  return rows.map((row) => {
    const change = byId.get(row.jobId);
    return change === undefined ? row : { ...row, ...change, steps: patchSteps(row, change) };
  });
}
