import { useState } from "preact/hooks";
import { usePages } from "../../api/pages.ts";
import { call } from "../../api/request.ts";
import type { Destination, Webhook } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { More } from "../../parts/more.tsx";
import { Page } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { linkTo } from "../../router.ts";
import { toShortReason } from "../../parts/short-reason.ts";
import { describeFilter, WebhookState } from "../webhooks/describe.tsx";
import { WebhookForm } from "../webhooks/webhook-form.tsx";
import { SuccessBars } from "./success-bars.tsx";
import { backlogOf, HoldReason, HoldState, rateOf } from "./hold.tsx";

const PAGE = 100;
/** The API's largest page: the rows are short, and webhooks are joined with them. */
const LARGEST_PAGE = 500;

/** Where events go: registered webhooks, and the origins of the webhooks that jobs bring. */
export default function Destinations() {
  const [isRegistering, setRegistering] = useState(false);
  const webhooks = usePages("webhooks", (cursor, signal) =>
    call("GET /v1/webhooks", { query: { limit: PAGE, ...(cursor && { cursor }) }, signal }),
  );
  const destinations = usePages("destinations", (cursor, signal) =>
    call("GET /v1/destinations", {
      query: { limit: LARGEST_PAGE, ...(cursor && { cursor }) },
      signal,
    }),
  );
  const refresh = (): void => {
    void webhooks.list.refresh();
    void destinations.list.refresh();
  };
  useRefresh(refresh, ["deliveries"]);
  const now = destinations.list.loaded.value;
  const health = new Map(
    (now.state === "ready" ? now.data.items : []).flatMap((each) =>
      each.webhookId === null ? [] : [[each.webhookId, each] as const],
    ),
  );
  return (
    <Page
      title="Destinations"
      acts={
        <>
          <a class="btn" href={linkTo(["deliveries"])}>
            All deliveries
          </a>
          {mayI("admin") && (
            <button type="button" class="btn primary" onClick={() => setRegistering(true)}>
              Register a webhook
            </button>
          )}
        </>
      }
    >
      <div class="stack">
        <Card title="Webhooks" note="registered, for the events of many jobs">
          <Loaded of={webhooks.list} what="the webhooks">
            {({ items, nextCursor }) => (
              <>
                <WebhookTable rows={items} health={health} />
                <More nextCursor={nextCursor} what="webhooks" onMore={webhooks.more} />
              </>
            )}
          </Loaded>
        </Card>
        <Card title="Origins" note="of webhooks that came with a job">
          <Loaded of={destinations.list} what="the origins">
            {({ items, nextCursor }) => (
              <>
                <OriginTable rows={items.filter(({ origin }) => origin !== null)} />
                <More nextCursor={nextCursor} what="origins" onMore={destinations.more} />
              </>
            )}
          </Loaded>
        </Card>
      </div>
      {isRegistering && (
        <WebhookForm
          onClose={() => {
            setRegistering(false);
            refresh();
          }}
        />
      )}
    </Page>
  );
}

interface WebhookTableProps {
  readonly rows: readonly Webhook[];
  readonly health: ReadonlyMap<string, Destination>;
}

function WebhookTable({ rows, health }: WebhookTableProps) {
  if (rows.length === 0) {
    return (
      <Empty title="No webhook is registered">
        <p>
          A registered webhook receives the events of every job, or of those that you choose. A job
          can also bring a webhook of its own.
        </p>
      </Empty>
    );
  }
  return (
    <Table
      label="Webhooks"
      rows={rows}
      keyOf={({ id }) => id}
      columns={[
        { title: "State", kind: "fit", cell: (row) => <WebhookState webhook={row} /> },
        {
          title: "URL",
          kind: "main",
          cell: (row) => {
            const found = health.get(row.id);
            return (
              <>
                <a class="name" href={linkTo(["webhooks", row.id])}>
                  {row.url}
                </a>
                {row.reason !== null && (
                  <span class="remark bad-text">{toShortReason(row.reason)}</span>
                )}
                {row.state === "active" && found && <HoldReason destination={found} />}
              </>
            );
          },
        },
        { title: "Receives", kind: "wide", cell: describeFilter },
        {
          title: "Sending",
          kind: "wide",
          cell: (row) => {
            const found = health.get(row.id);
            if (found === undefined) return <span class="faint">nothing yet</span>;
            return row.state === "active" ? <HoldState destination={found} /> : null;
          },
        },
        {
          title: "24 hours",
          kind: "wide",
          cell: ({ id }) => {
            const found = health.get(id);
            return found === undefined ? null : <SuccessBars perHour={found.perHour} />;
          },
        },
        {
          title: "Waiting",
          kind: "num",
          cell: (row) => {
            const found = health.get(row.id);
            return found === undefined ? "0" : backlogOf(found);
          },
        },
      ]}
    />
  );
}

function OriginTable({ rows }: { readonly rows: readonly Destination[] }) {
  if (rows.length === 0) {
    return (
      <Empty title="No job has brought a webhook yet">
        <p>
          When a job is submitted with a <code>webhook</code>, the origin of its URL appears here.
        </p>
      </Empty>
    );
  }
  return (
    <Table
      label="Origins"
      rows={rows}
      keyOf={({ destinationId }) => destinationId}
      columns={[
        { title: "State", kind: "fit", cell: (row) => <HoldState destination={row} /> },
        {
          title: "Origin",
          kind: "main",
          cell: (row) => (
            <>
              <a class="name" href={linkTo(["destinations", row.destinationId])}>
                {row.origin}
              </a>
              <HoldReason destination={row} />
            </>
          ),
        },
        { title: "24 hours", kind: "wide", cell: (row) => <SuccessBars perHour={row.perHour} /> },
        {
          title: "Rate",
          kind: "wide",
          cell: ({ ratePerSecond }) => <span class="one-line">{rateOf(ratePerSecond)}</span>,
        },
        { title: "Waiting", kind: "num", cell: backlogOf },
      ]}
    />
  );
}
