import { call } from "../../api/request.ts";
import { useSteadyList } from "../../live/steady-list.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Newer } from "../../parts/newer.tsx";
import { linkTo, place, replaceWith } from "../../router.ts";
import { DeliveryTable } from "./delivery-table.tsx";
import { StateTabs, stateOf } from "./state-tabs.tsx";

type Filter = { readonly webhookId: string } | { readonly destinationId: string };
const SHOWN = 20;

/** The newest deliveries to one destination. */
export function RecentDeliveries({ filter }: { readonly filter: Filter }) {
  const { parts, query } = place.value;
  const state = stateOf(query.get("state"));
  const list = useSteadyList({
    key: JSON.stringify([filter, state]),
    load: (signal) =>
      call("GET /v1/deliveries", {
        query: { ...filter, limit: SHOWN, ...(state && { state }) },
        signal,
      }),
    keyOf: ({ deliveryId }) => deliveryId,
    isFirstPage: true,
  });
  return (
    <Card
      title="Deliveries"
      acts={
        <>
          <StateTabs
            state={state}
            onChange={(next) => replaceWith(linkTo(parts, { state: next ?? null }))}
          />
          <a class="link" href={linkTo(["deliveries"], { ...filter, state })}>
            Open the list
          </a>
        </>
      }
    >
      <Newer list={list} />
      <Loaded of={list.page} what="the deliveries">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={state === undefined ? "Nothing was sent yet" : "None in this state"} />
          ) : (
            <DeliveryTable rows={items} namesTarget={false} />
          )
        }
      </Loaded>
    </Card>
  );
}
