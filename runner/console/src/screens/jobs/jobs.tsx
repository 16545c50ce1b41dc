import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JobList as JobPage, JobSummary } from "../../api/schema.ts";
import { BulkProgress } from "../../jobs/bulk-progress.tsx";
import { useJobList } from "../../jobs/job-list.ts";
import { JobTable } from "../../jobs/job-table.tsx";
import { Newer } from "../../parts/newer.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Pager } from "../../parts/pager.tsx";
import type { Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { linkTo, place } from "../../router.ts";
import { Filters } from "./filters.tsx";
import { filterOf, isFiltered } from "./job-filter.ts";
import { SelectAll, SelectJob, SelectionBar, type Selection } from "./selection.tsx";

export default function Jobs() {
  const { query } = place.value;
  const filter = filterOf(query);
  const cursor = query.get("cursor");
  const jobs = useJobList({ ...filter, ...(cursor === null ? {} : { cursor }) });
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const isAll = useSignal(false);
  const selection: Selection = { selected, isAll };
  const key = query.toString();
  useEffect(() => {
    selected.value = new Set();
    isAll.value = false;
  }, [key, selected, isAll]);

  return (
    <Page title="Jobs">
      <BulkProgress />
      <section class="card" aria-label="Jobs">
        <Filters query={query} />
        <Newer list={jobs} />
        <Loaded of={jobs.page} what="jobs">
          {(page) =>
            page.items.length === 0 ? (
              <NoJobs page={page} isFiltered={isFiltered(query)} />
            ) : (
              <>
                <JobTable
                  rows={page.items}
                  before={selectColumn(selection, page.items)}
                  after={CREATED}
                  rowClass={({ jobId }) =>
                    isAll.value || selected.value.has(jobId) ? "selected" : undefined
                  }
                />
                <Pager nextCursor={page.nextCursor} what="jobs" />
                <SelectionBar selection={selection} page={page} filter={filter} />
              </>
            )
          }
        </Loaded>
      </section>
    </Page>
  );
}

const CREATED: readonly Column<JobSummary>[] = [
  { title: "Submitted", cell: ({ createdAt }) => <Time at={createdAt} />, kind: "num wide" },
];

function selectColumn(
  selection: Selection,
  rows: readonly JobSummary[],
): readonly Column<JobSummary>[] {
  return [
    {
      title: <SelectAll selection={selection} rows={rows} />,
      cell: (job) => <SelectJob selection={selection} job={job} />,
      kind: "fit",
    },
  ];
}

interface NoJobsProps {
  readonly page: JobPage;
  readonly isFiltered: boolean;
}

function NoJobs({ page, isFiltered: hasFilter }: NoJobsProps) {
  // The daemon reads a limited number of rows for one page, so a page of a rare match can be empty.
  if (page.nextCursor !== null) {
    return (
      <>
        <Empty title="No match among the newest jobs" />
        <Pager nextCursor={page.nextCursor} what="jobs" />
      </>
    );
  }
  return hasFilter ? (
    <Empty title="No job matches">
      <p>
        <a href={linkTo(["jobs"])}>Show all jobs</a>
      </p>
    </Empty>
  ) : (
    <Empty title="No jobs yet">
      <p>
        <a href={linkTo(["run"])}>Run a plugin</a>, or see the <a href="#/">overview</a> for how n8n
        and Make submit jobs.
      </p>
    </Empty>
  );
}
