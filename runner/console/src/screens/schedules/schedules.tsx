import { usePages } from "../../api/pages.ts";
import { call } from "../../api/request.ts";
import type { Schedule } from "../../api/schema.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { More } from "../../parts/more.tsx";
import { Page } from "../../parts/page.tsx";
import { toShortReason } from "../../parts/short-reason.ts";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { linkTo } from "../../router.ts";
import { When } from "./when.tsx";

const PAGE = 100;

/** What makes jobs at set times. */
export default function Schedules() {
  const schedules = usePages("schedules", (cursor, signal) =>
    call("GET /v1/schedules", { query: { limit: PAGE, ...(cursor && { cursor }) }, signal }),
  );
  useRefresh(schedules.list.refresh, ["jobs"]);
  return (
    <Page title="Schedules">
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
          once. Create one with <code>POST /v1/schedules</code>.
        </p>
      </Empty>
    );
  }
  return (
    <Table
      label="Schedules"
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
            </>
          ),
        },
        { title: "When", kind: "wide", cell: (row) => <When schedule={row} /> },
        {
          title: "Next",
          cell: ({ state, nextDueAt }) => (
            <span class="one-line">
              <Time at={state === "active" ? nextDueAt : null} />
            </span>
          ),
        },
        {
          title: "Last slot",
          kind: "wide",
          cell: ({ lastSlot }) =>
            lastSlot === null ? (
              <span class="faint">none yet</span>
            ) : (
              <span class="one-line">
                <State name={lastSlot.jobState === "failed" ? "failed" : lastSlot.state} />{" "}
                <Time at={lastSlot.slot} />
              </span>
            ),
        },
      ]}
    />
  );
}
