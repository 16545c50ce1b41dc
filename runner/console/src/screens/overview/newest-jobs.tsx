import type { LiveJobs } from "../../jobs/job-list.ts";
import { JobTable } from "../../jobs/job-table.tsx";
import { Newer } from "../../parts/newer.tsx";
import { connection } from "../../live/stream.ts";
import { Card } from "../../parts/card.tsx";
import { Loaded } from "../../parts/loaded.tsx";

export function NewestJobs({ jobs }: { readonly jobs: LiveJobs }) {
  return (
    <Card
      title="Newest jobs"
      note={connection.value === "live" ? "live" : undefined}
      acts={
        <a class="link" href="#/jobs">
          All jobs
        </a>
      }
    >
      <Newer list={jobs} />
      <Loaded of={jobs.page} what="jobs">
        {({ items }) => <JobTable rows={items} />}
      </Loaded>
    </Card>
  );
}
