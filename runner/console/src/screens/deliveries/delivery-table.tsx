import type { DeliverySummary } from "../../api/schema.ts";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { toShortReason } from "../../parts/short-reason.ts";
import { HOLD_WORDS } from "../destinations/hold.tsx";
import { linkTo } from "../../router.ts";

interface DeliveryTableProps {
  readonly rows: readonly DeliverySummary[];
  /** Whether each row names where it goes to. */
  readonly namesTarget: boolean;
}

export function DeliveryTable({ rows, namesTarget }: DeliveryTableProps) {
  return (
    <Table
      label="Deliveries"
      class="stacked"
      rows={rows}
      keyOf={({ deliveryId }) => deliveryId}
      columns={[
        { title: "State", kind: "fit", cell: (row) => <DeliveryState delivery={row} /> },
        {
          title: "Event",
          kind: "main",
          cell: (row) => (
            <>
              <a class="name" href={linkTo(["deliveries", row.deliveryId])}>
                {row.event === "batch" ? "batch callback" : row.event}
              </a>
              <span class="id">{row.jobId ?? row.batchId}</span>
              <Remark delivery={row} />
            </>
          ),
        },
        ...(namesTarget
          ? [
              {
                title: "To",
                kind: "wide" as const,
                cell: (row: DeliverySummary) => <span class="clamp">{row.url}</span>,
              },
            ]
          : []),
        {
          title: "Attempts",
          kind: "num",
          cell: ({ attemptCount }) => (
            <>
              {attemptCount}
              <span class="unit"> {attemptCount === 1 ? "attempt" : "attempts"}</span>
            </>
          ),
        },
        { title: "Event at", kind: "num wide", cell: ({ createdAt }) => <Time at={createdAt} /> },
      ]}
    />
  );
}

export function DeliveryState({ delivery }: { readonly delivery: DeliverySummary }) {
  const { state, attemptCount } = delivery;
  switch (state) {
    case "delivered":
      return <State name="delivered" />;
    case "dead":
      return <State name="dead" word="given up" />;
    case "due":
      return attemptCount > 0 ? <State name="retrying" /> : <State name="due" />;
    case "waiting":
      return <State name="pending" word="in line" />;
    default:
      return state satisfies never;
  }
}

/** Why it failed, or what it waits for. */
function Remark({ delivery }: { readonly delivery: DeliverySummary }) {
  const { state, reason, lastError, dueAt, attemptCount, waitingFor } = delivery;
  if (state === "dead") return <span class="remark bad-text">{toShortReason(reason)}</span>;
  if (state === "waiting") {
    return <span class="remark muted">an earlier event of the job comes first</span>;
  }
  if (state !== "due") return null;
  if (waitingFor !== null)
    return <span class="remark wait-text">waits: {HOLD_WORDS[waitingFor.kind]}</span>;
  if (attemptCount === 0) return null;
  return (
    <span class="remark muted">
      next try <Time at={dueAt} format="ago" />
      {lastError !== null && `, ${toShortReason(lastError)}`}
    </span>
  );
}
