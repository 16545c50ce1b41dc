import { mayI } from "../../api/session.ts";
import { status, statusError } from "../../api/status.ts";
import { useJobList } from "../../jobs/job-list.ts";
import { Failed } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Failures } from "./failures.tsx";
import { FirstRun } from "./first-run.tsx";
import { Health } from "./health.tsx";
import { NewestJobs } from "./newest-jobs.tsx";
import { Problems } from "./problems.tsx";
import { SAMPLES } from "./samples.ts";
import { Throughput } from "./throughput.tsx";

const NEWEST = 20;

/** Answers without a click: is it well, how much, what now, what broke, what can I do. */
export default function Overview() {
  const jobs = useJobList({ limit: NEWEST });
  const now = status.value;
  const list = jobs.page.loaded.value;
  const count = list.state === "ready" ? list.data.items.length : undefined;
  const isEmpty = count === 0;
  // A newcomer runs one sample after the other.
  const isNew = count !== undefined && count < SAMPLES.length;
  return (
    <Page title="Overview">
      <div class="stack">
        {now === null ? (
          statusError.value !== undefined && (
            <Failed
              what="the daemon's state"
              error={statusError.value}
              retry={() => location.reload()}
            />
          )
        ) : (
          <>
            <Problems problems={now.problems} />
            {!isEmpty && <Health status={now} />}
          </>
        )}
        {!isEmpty && (
          <>
            <Throughput />
            <div class="two">
              <NewestJobs jobs={jobs} />
              <Failures />
            </div>
          </>
        )}
        {isNew && <FirstRun mayRun={mayI("run")} isEmpty={isEmpty} />}
      </div>
    </Page>
  );
}
