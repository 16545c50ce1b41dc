import { lazy, Suspense } from "preact/compat";
import { usePages } from "../../api/pages.ts";
import { call } from "../../api/request.ts";
import type { Schedule } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { Tags } from "../../jobs/tags.tsx";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded, Loading } from "../../parts/loaded.tsx";
import { More } from "../../parts/more.tsx";
import { Page } from "../../parts/page.tsx";
import { toShortReason } from "../../parts/short-reason.ts";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { linkTo, place } from "../../router.ts";
import { Search } from "../../shell/search.tsx";
import { When } from "./when.tsx";

const ScheduleForm = lazy(() => import("./form/schedule-form.tsx"));

const PAGE = 100;

/** What makes jobs at set times, or with `?new=1` the form of a new schedule. */
export default function Schedules() {
  if (!place.value.query.has("new")) return <ScheduleList />;
  return (
    <Suspense fallback={<Loading what="the form" />}>
      <ScheduleForm scheduleKey={null} />
    </Suspense>
  );
}

function ScheduleList() {
  const schedules = usePages("schedules", (cursor, signal) =>
    call("GET /v1/schedules", { query: { limit: PAGE, ...(cursor && { cursor }) }, signal }),
  );
  useRefresh(schedules.list.refresh, ["jobs"]);
  return (
    <Page
      title="Schedules"
      acts={
        <>
          <Search />
          {mayI("run") && (
            <a class="btn primary" href={linkTo(["schedules"], { new: "1" })}>
              New schedule
            </a>
          )}
        </>
      }
    >
      <Card title="Schedules" note="the oldest first">
        <Loaded of={schedules.list} what="the schedules">
          {({ items, nextCursor }) => (
            <>
              <ScheduleTable rows={items} />
              <More nextCursor={nextCursor} what="schedules" onMore={schedules.more} />
            </>
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function ScheduleTable({ rows }: { readonly rows: readonly Schedule[] }) {
  if (rows.length === 0) {
    return (
      <Empty title="There is no schedule">
        <p>
          A schedule makes a job at each of its times: by cron in a time zone, at an interval, or
          once.
        </p>
      </Empty>
    );
  }
  return (
    <Table
      label="Schedules"
      class="stacked"
      rows={rows}
      keyOf={({ id }) => id}
      columns={[
        { title: "State", kind: "fit", cell: ({ state }) => <State name={state} /> },
        {
          title: "Schedule",
          kind: "main",
          cell: ({ key, reason, job }) => (
            <>
              <a class="name" href={linkTo(["schedules", key])}>
                {key}
              </a>
              {reason === null ? (
                <span class="remark mono muted">
                  {job.plugins.map(({ name }) => name).join(" → ")}
                </span>
              ) : (
                <span class="remark bad-text">{toShortReason(reason)}</span>
              )}
              <Tags tags={job.tags} />
            </>
          ),
        },
        { title: "When", kind: "wide", cell: (row) => <When schedule={row} /> },
        {
          title: "Next",
          cell: ({ state, nextDueAt }) => (
            <span class="one-line">
              {state === "active" && <span class="unit">next </span>}
              <Time at={state === "active" ? nextDueAt : null} />
            </span>
          ),
        },
        {
          title: "Last slot",
          kind: "wide",
          cell: ({ lastSlot }) =>
            lastSlot === null ? (
              <span class="faint">
                <span class="unit">last slot: </span>none yet
              </span>
            ) : (
              <span class="one-line">
                <span class="unit">last </span>
                <State name={lastSlot.jobState === "failed" ? "failed" : lastSlot.state} />{" "}
                <Time at={lastSlot.slot} />
              </span>
            ),
        },
      ]}
    />
  );
}
