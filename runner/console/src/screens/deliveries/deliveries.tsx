import { call } from "../../api/request.ts";
import { useSteadyList } from "../../live/steady-list.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Newer } from "../../parts/newer.tsx";
import { Page } from "../../parts/page.tsx";
import { Pager } from "../../parts/pager.tsx";
import { goTo, linkTo, place } from "../../router.ts";
import { DeliveryTable } from "./delivery-table.tsx";
import { StateTabs, stateOf } from "./state-tabs.tsx";

/** What a delivery can be of. Each is a field of the query, and the address has it. */
const OF = ["webhookId", "destinationId", "jobId", "batchId"] as const;

const WORDS: Readonly<Record<(typeof OF)[number], readonly [string, string]>> = {
  webhookId: ["to the webhook", "webhooks"],
  destinationId: ["to the destination", "destinations"],
  jobId: ["of the job", "jobs"],
  batchId: ["of the batch", "batches"],
};

export default function Deliveries() {
  const { query } = place.value;
  const state = stateOf(query.get("state"));
  const cursor = query.get("cursor");
  const of = OF.flatMap((name) => {
    const id = query.get(name);
    return id === null ? [] : [[name, id] as const];
  });
  const filter = Object.fromEntries(of);
  const list = useSteadyList({
    key: query.toString(),
    load: (signal) =>
      call("GET /v1/deliveries", {
        query: { ...filter, ...(state && { state }), ...(cursor !== null && { cursor }) },
        signal,
      }),
    keyOf: ({ deliveryId }) => deliveryId,
    isFirstPage: cursor === null,
  });
  return (
    <Page title="Deliveries" within={["Destinations", "destinations"]}>
      <Card
        title={state === undefined ? "All deliveries" : "Deliveries"}
        note={of.map(([name, id]) => (
          <span key={name}>
            {WORDS[name][0]}{" "}
            <a class="mono" href={linkTo([WORDS[name][1], id])}>
              {id}
            </a>{" "}
            <a class="link" href={linkTo(["deliveries"], { state })}>
              Show all
            </a>
          </span>
        ))}
        acts={
          <StateTabs
            state={state}
            onChange={(next) => goTo(linkTo(["deliveries"], { ...filter, state: next }))}
          />
        }
      >
        <Newer list={list} />
        <Loaded of={list.page} what="the deliveries">
          {({ items, nextCursor }) => (
            <>
              {items.length === 0 ? (
                <None isFiltered={state !== undefined || of.length > 0} />
              ) : (
                <DeliveryTable rows={items} namesTarget />
              )}
              <Pager nextCursor={nextCursor} what="deliveries" />
            </>
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function None({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No delivery matches">
        <p>
          <a href={linkTo(["deliveries"])}>Show all deliveries</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing was sent yet">
      <p>Every event on its way to a webhook appears here, with what the endpoint answered.</p>
    </Empty>
  );
}
