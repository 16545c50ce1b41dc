import { usePages } from "../../api/pages.ts";
import { call } from "../../api/request.ts";
import type { ScheduleSlot } from "../../api/schema.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { More } from "../../parts/more.tsx";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { linkTo } from "../../router.ts";

const PAGE = 50;
const JOB_STATES = { open: "running", completed: "completed", failed: "failed" } as const;

/** What became of each slot, the newest first. */
export function Slots({ scheduleKey: key }: { readonly scheduleKey: string }) {
  const slots = usePages(key, (cursor, signal) =>
    call("GET /v1/schedules/{key}/slots", {
      params: { key },
      query: { limit: PAGE, ...(cursor && { cursor }) },
      signal,
    }),
  );
  useRefresh(slots.list.refresh, ["jobs"]);
  return (
    <Card title="Slots" note="what became of each, the newest first">
      <Loaded of={slots.list} what="the slots">
        {({ items, nextCursor }) => (
          <>
            <SlotTable rows={items} />
            <More nextCursor={nextCursor} what="slots" onMore={slots.more} />
          </>
        )}
      </Loaded>
    </Card>
  );
}

function SlotTable({ rows }: { readonly rows: readonly ScheduleSlot[] }) {
  if (rows.length === 0) return <Empty title="No slot has come yet" />;
  return (
    <Table
      label="Slots"
      class="stacked"
      rows={rows}
      keyOf={({ slot }) => slot}
      columns={[
        { title: "Slot", kind: "fit", cell: ({ state }) => <State name={state} /> },
        {
          title: "Time",
          kind: "main",
          cell: ({ local, detail, manual }) => (
            <>
              {manual ? `${local}, asked for by a person` : local}
              {detail !== null && <span class="remark muted">{detail}</span>}
            </>
          ),
        },
        {
          title: "Job",
          cell: ({ jobId, jobState }) =>
            jobId === null || jobState === null ? (
              <span class="faint">none</span>
            ) : (
              <a href={linkTo(["jobs", jobId])} aria-label={`The job ${jobId}, ${jobState}`}>
                <State
                  name={JOB_STATES[jobState]}
                  {...(jobState === "open" && { word: "not ended" })}
                />
              </a>
            ),
        },
      ]}
    />
  );
}
