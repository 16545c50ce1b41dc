import type { DatabaseSync } from "node:sqlite";
import type { JobStatus } from "../../../domain/job-spec.ts";
import type { JobFilter, JobSummary } from "../../../ports/store/jobs.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { toFailure, type FailureColumns } from "../rows.ts";
import { createFilteredStatement } from "./filtered-statement.ts";
import { pageBackwards } from "./page-backwards.ts";
import { prepare } from "../statement.ts";

interface SummaryRow extends FailureColumns {
  readonly key: number;
  readonly id: string;
  readonly status: JobStatus;
  readonly name: string | null;
  readonly plugin_names: string;
  readonly priority: number;
  readonly created_at: number;
  readonly run_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly completed_steps: number;
}

const CONDITIONS: Record<keyof JobFilter, string> = {
  status: "status = ?",
  plugin: "EXISTS (SELECT 1 FROM json_each(plugin_names) WHERE value = ?)",
  name: "name = ?",
  createdAfter: "created_at > ?",
  createdBefore: "created_at < ?",
};

export function prepareReadJobs(db: DatabaseSync): StoreReads["jobs"] {
  const range = prepare<{ min: number; max: number }>(
    db,
    `SELECT (SELECT min(seq) FROM jobs) AS min, (SELECT max(seq) FROM jobs) AS max
     WHERE EXISTS (SELECT 1 FROM jobs)`,
  );
  const find = createFilteredStatement<JobFilter, SummaryRow>(db, {
    conditions: CONDITIONS,
    toSql: (where) =>
      `SELECT seq AS key, id, status, name, plugin_names, priority, created_at, run_at,
         started_at, ended_at, completed_steps, failure_code, failure_message
       FROM jobs CROSS JOIN job_specs ON job_specs.job = jobs.seq
       WHERE seq >= ? AND seq < ?${where} ORDER BY seq DESC LIMIT ?`,
  });
  return async (filter, page) => {
    const { items, nextCursor } = await pageBackwards({
      page,
      range: range.get() ?? null,
      read: (keys) => find(filter, keys),
    });
    return { items: items.map(toSummary), nextCursor };
  };
}

function toSummary(row: SummaryRow): JobSummary {
  return {
    id: row.id,
    status: row.status,
    name: row.name,
    plugins: JSON.parse(row.plugin_names) as string[],
    priority: row.priority,
    createdAt: row.created_at,
    runAt: row.run_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    completedSteps: row.completed_steps,
    failure: toFailure(row),
  };
}
