import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { Batch, BatchJob, DeliveryList } from "../../api/schema.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Duration } from "../../parts/duration.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { plural } from "../../parts/numbers.ts";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { linkTo, place, replaceWith } from "../../router.ts";
import type { ScreenProps } from "../../screen.ts";
import { DeliveryTable } from "../deliveries/delivery-table.tsx";
import { Counts } from "./batches.tsx";

interface Both {
  readonly batch: Batch;
  readonly callback: DeliveryList;
}

/** One batch: its jobs and its callback. */
export default function OneBatch({ id }: ScreenProps) {
  const both = useResource(id, async (signal): Promise<Both> => {
    const [batch, callback] = await Promise.all([
      call("GET /v1/batches/{id}", { params: { id }, signal }),
      call("GET /v1/deliveries", { query: { batchId: id }, signal }),
    ]);
    return { batch, callback };
  });
  useRefresh(both.refresh, ["jobs", "deliveries"]);
  const now = both.loaded.value;
  const batch = now.state === "ready" ? now.data.batch : null;
  return (
    <Page
      title={batch === null ? id : `Batch of ${plural(batch.counts.total, "job")}`}
      within={["Batches", "batches"]}
      mark={batch !== null && <State name={batch.status} />}
      acts={<></>}
    >
      <Loaded of={both} what="the batch">
        {({ batch: data, callback }) => (
          <div class="stack">
            <Summary batch={data} />
            <Card title="Callback">
              <Callback batch={data} callback={callback} />
            </Card>
            <Jobs jobs={data.jobs} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Summary({ batch: { batchId, createdAt, endedAt, counts } }: { readonly batch: Batch }) {
  const { total, queued, running, completed, failed } = counts;
  return (
    <Card
      title="Batch"
      note={<span class="id">{batchId}</span>}
      acts={<CopyButton text={batchId} what="the batch's id" />}
    >
      <Facts>
        <Fact name="Jobs">
          <Counts counts={{ total, open: queued + running, completed, failed }} />
        </Fact>
        <Fact name="Running">{running}</Fact>
        <Fact name="Queued">{queued}</Fact>
        <Fact name="Submitted">
          <Time at={createdAt} />
        </Fact>
        <Fact name="Took">
          <Duration from={createdAt} to={endedAt} />
        </Fact>
      </Facts>
    </Card>
  );
}

function Callback({ batch: { webhook, endedAt }, callback: { items } }: Both) {
  if (items.length > 0) return <DeliveryTable rows={items} namesTarget />;
  if (webhook === null) {
    return (
      <Empty title="No callback">
        <p>The batch was submitted without a webhook.</p>
      </Empty>
    );
  }
  return (
    <Empty title={endedAt === null ? "Sent when all jobs have ended" : "No callback is stored"}>
      <p class="break">{webhook.url}</p>
    </Empty>
  );
}

const FILTERS = ["all", "failed", "running", "queued", "completed"] as const;
const SHOWN = 200;

function Jobs({ jobs }: { readonly jobs: readonly BatchJob[] }) {
  const { parts, query } = place.value;
  const filter = FILTERS.find((one) => one === query.get("state")) ?? "all";
  const found = filter === "all" ? jobs : jobs.filter(({ status }) => status === filter);
  const limit = Number(query.get("show") ?? SHOWN);
  return (
    <Card
      title="Jobs"
      note="in the order of the request"
      acts={
        <div class="tabs" role="group" aria-label="State">
          {FILTERS.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === filter}
              onClick={() => replaceWith(linkTo(parts, { state: one === "all" ? null : one }))}
            >
              {one}
            </button>
          ))}
        </div>
      }
    >
      {found.length === 0 ? (
        <Empty title={`No job is ${filter}`} />
      ) : (
        <Table
          label="Jobs of the batch"
          rows={found.slice(0, limit)}
          keyOf={({ jobId }) => jobId}
          columns={[
            { title: "State", kind: "fit", cell: (job) => <State name={stateOf(job)} /> },
            {
              title: "Job",
              kind: "main",
              cell: ({ jobId, name }) => (
                <>
                  <a class="name" href={linkTo(["jobs", jobId])}>
                    {name ?? jobId}
                  </a>
                  {name !== null && <span class="id">{jobId}</span>}
                </>
              ),
            },
            {
              title: "Error",
              cell: ({ error, errorCode }) =>
                error !== null && (
                  <span class="bad-text clamp">
                    <b class="mono">{errorCode}</b> {error}
                  </span>
                ),
            },
          ]}
        />
      )}
      {found.length > limit && (
        <div class="pager">
          <a
            class="btn"
            href={linkTo(parts, {
              state: filter === "all" ? null : filter,
              show: String(limit + SHOWN),
            })}
          >
            More jobs
          </a>
        </div>
      )}
    </Card>
  );
}

function stateOf({ status, errorCode }: BatchJob) {
  return status === "failed" && errorCode === "CANCELLED" ? "cancelled" : status;
}
