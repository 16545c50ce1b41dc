import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { Destination } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { goTo, linkTo } from "../../router.ts";
import { toShortReason } from "../../parts/short-reason.ts";
import type { ScreenProps } from "../../screen.ts";
import { RecentDeliveries } from "../deliveries/recent.tsx";
import { backlogOf, HoldState, rateOf } from "./hold.tsx";
import { HoldNotice } from "./hold-notice.tsx";
import { SuccessBars } from "./success-bars.tsx";
import { Recover } from "./recover.tsx";

/** The origin of webhooks that came with jobs. */
export default function OneDestination({ id }: ScreenProps) {
  const destination = useResource(id, async (signal) => {
    const found = await call("GET /v1/destinations/{id}", { params: { id }, signal });
    // A registered webhook has a page with more.
    if (found.webhookId !== null) goTo(linkTo(["webhooks", found.webhookId]));
    return found;
  });
  const [isRecovering, setRecovering] = useState(false);
  useRefresh(destination.refresh, ["deliveries"]);
  const now = destination.loaded.value;
  const name = now.state === "ready" ? (now.data.origin ?? id) : id;
  return (
    <Page
      title={name}
      within={["Destinations", "destinations"]}
      mark={now.state === "ready" && <HoldState destination={now.data} />}
      acts={
        mayI("admin") && (
          <button type="button" class="btn" onClick={() => setRecovering(true)}>
            Send failed events again…
          </button>
        )
      }
    >
      <Loaded of={destination} what="the destination">
        {(data: Destination) => (
          <div class="stack">
            <HoldNotice destination={data} />
            <Card title="Sending" note="the last 24 hours, by hour">
              <div class="body">
                <SuccessBars perHour={data.perHour} />
              </div>
              <Facts>
                <Fact name="Waiting">{backlogOf(data)}</Fact>
                <Fact name="Rate">{rateOf(data.ratePerSecond)}</Fact>
                <Fact name="Circuit">{data.circuit}</Fact>
                <Fact name="Failed in a row">{data.failuresInRow}</Fact>
                <Fact name="Last error">
                  {data.lastError === null ? "none" : toShortReason(data.lastError)}
                </Fact>
              </Facts>
            </Card>
            <RecentDeliveries filter={{ destinationId: id }} />
          </div>
        )}
      </Loaded>
      {isRecovering && (
        <Recover
          target={name}
          recover={(since) =>
            call("POST /v1/destinations/{id}/recover", { params: { id }, body: { since } })
          }
          onClose={() => {
            setRecovering(false);
            void destination.refresh();
          }}
        />
      )}
    </Page>
  );
}
