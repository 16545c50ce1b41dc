import { call } from "../../api/request.ts";
import type { BatchSummary } from "../../api/schema.ts";
import { useSteadyList } from "../../live/steady-list.ts";
import { Bar } from "../../parts/bar.tsx";
import { Card } from "../../parts/card.tsx";
import { Duration } from "../../parts/duration.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Newer } from "../../parts/newer.tsx";
import { formatCount, plural } from "../../parts/numbers.ts";
import { Page } from "../../parts/page.tsx";
import { Pager } from "../../parts/pager.tsx";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { linkTo, place } from "../../router.ts";

export default function Batches() {
  const cursor = place.value.query.get("cursor");
  const list = useSteadyList({
    key: cursor ?? "",
    load: (signal) => call("GET /v1/batches", { query: cursor === null ? {} : { cursor }, signal }),
    keyOf: ({ batchId }) => batchId,
    isFirstPage: cursor === null,
  });
  return (
    <Page title="Batches">
      <Card title="Batches" note="many jobs in one request, with one callback">
        <Newer list={list} />
        <Loaded of={list.page} what="the batches">
          {({ items, nextCursor }) => (
            <>
              {items.length === 0 ? <None /> : <BatchTable rows={items} />}
              <Pager nextCursor={nextCursor} what="batches" />
            </>
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function None() {
  return (
    <Empty title="No batch was submitted yet">
      <p>
        A batch runs many jobs with one request to <code>POST /v1/batches</code>, and calls your
        webhook when all have ended.
      </p>
    </Empty>
  );
}

function BatchTable({ rows }: { readonly rows: readonly BatchSummary[] }) {
  return (
    <Table
      label="Batches"
      rows={rows}
      keyOf={({ batchId }) => batchId}
      columns={[
        { title: "State", kind: "fit", cell: ({ status }) => <State name={status} /> },
        {
          title: "Batch",
          kind: "main",
          cell: ({ batchId, counts }) => (
            <>
              <a class="name" href={linkTo(["batches", batchId])}>
                {plural(counts.total, "job")}
              </a>
              <span class="id">{batchId}</span>
            </>
          ),
        },
        { title: "Jobs", cell: ({ counts }) => <Counts counts={counts} /> },
        {
          title: "Took",
          kind: "num",
          cell: ({ createdAt, endedAt }) => <Duration from={createdAt} to={endedAt} />,
        },
        { title: "Submitted", kind: "num wide", cell: ({ createdAt }) => <Time at={createdAt} /> },
      ]}
    />
  );
}

/** "312 of 500 completed, 4 failed", with a bar while it runs. */
export function Counts({ counts }: Pick<BatchSummary, "counts">) {
  const { total, open, completed, failed } = counts;
  return (
    <>
      {formatCount(completed)} of {formatCount(total)} completed
      {failed > 0 && <span class="bad-text">, {formatCount(failed)} failed</span>}
      {open > 0 && <Bar fraction={(total - open) / total} label="Jobs that have ended" />}
    </>
  );
}
