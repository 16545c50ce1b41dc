import { Table, type Column } from "../parts/table.tsx";
import type { JobSummary } from "../api/schema.ts";
import { JobDeliveries, JobName, JobState, JobSteps, JobTook } from "./cells.tsx";
import { useUsual } from "./usual.ts";

interface JobTableProps {
  readonly rows: readonly JobSummary[];
  /** Columns before and after those that every list has. */
  readonly before?: readonly Column<JobSummary>[];
  readonly after?: readonly Column<JobSummary>[];
  readonly rowClass?: (row: JobSummary) => string | undefined;
}

const COLUMNS: readonly Column<JobSummary>[] = [
  { title: "State", cell: (job) => <JobState job={job} />, kind: "fit" },
  { title: "Job", cell: (job) => <JobName job={job} />, kind: "main" },
  { title: "Steps", cell: (job) => <JobSteps job={job} />, kind: "chain-cell" },
  { title: "Took", cell: (job) => <JobTook job={job} />, kind: "num" },
  { title: "Events", cell: (job) => <JobDeliveries job={job} />, kind: "wide" },
];

export function JobTable({ rows, before = [], after = [], ...rest }: JobTableProps) {
  useUsual();
  return (
    <Table
      {...rest}
      label="Jobs"
      class="jobs-table"
      columns={[...before, ...COLUMNS, ...after]}
      rows={rows}
      keyOf={({ jobId }) => jobId}
    />
  );
}
