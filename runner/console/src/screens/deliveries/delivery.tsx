import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { Delivery } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { formatDuration } from "../../parts/duration-text.ts";
import { Empty } from "../../parts/empty.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { plural } from "../../parts/numbers.ts";
import { Page } from "../../parts/page.tsx";
import { Time } from "../../parts/time.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";
import { linkTo } from "../../router.ts";
import { toShortReason } from "../../parts/short-reason.ts";
import type { ScreenProps } from "../../screen.ts";
import { DeliveryState } from "./delivery-table.tsx";

/** One event on its way to one webhook, with every attempt's answer. */
export default function OneDelivery({ id }: ScreenProps) {
  const delivery = useResource(id, (signal) =>
    call("GET /v1/deliveries/{id}", { params: { id }, signal }),
  );
  const [isSending, setSending] = useState(false);
  useRefresh(delivery.refresh, ["deliveries"]);
  const now = delivery.loaded.value;
  const data = now.state === "ready" ? now.data : null;

  const redeliver = async (): Promise<void> => {
    setSending(true);
    try {
      await call("POST /v1/deliveries/{id}/redeliver", { params: { id } });
      announce("It will be sent again.");
      await delivery.refresh();
    } catch (error) {
      announceFailure(error);
    } finally {
      setSending(false);
    }
  };

  return (
    <Page
      title={data === null ? id : titleOf(data)}
      within={["Deliveries", "deliveries"]}
      mark={data !== null && <DeliveryState delivery={data} />}
      acts={
        data !== null && mayI("admin") && canBeSent(data) ? (
          <button
            type="button"
            class="btn primary"
            disabled={isSending}
            onClick={() => void redeliver()}
          >
            {data.endedAt === null ? "Send now" : "Send again"}
          </button>
        ) : (
          <></>
        )
      }
    >
      <Loaded of={delivery} what="the delivery">
        {(loaded) => (
          <div class="stack">
            <Why delivery={loaded} />
            <About delivery={loaded} />
            <Attempts delivery={loaded} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function canBeSent({ state, payloadsRemovedAt }: Delivery): boolean {
  return state !== "waiting" && payloadsRemovedAt === null;
}

function titleOf({ event, sequence }: Delivery): string {
  return event === "batch" ? "Batch callback" : `Event ${sequence}: ${event}`;
}

function Why({ delivery: { state, reason, waitingFor, heldUntil } }: One) {
  if (state === "dead") {
    return (
      <p class="notice">
        <span class="grow">{reason === null ? "Given up." : toShortReason(reason)}</span>
      </p>
    );
  }
  if (waitingFor === null) return null;
  return (
    <p class="notice wait">
      <span class="grow">
        {waitingFor.detail}
        {heldUntil !== null && (
          <>
            {" "}
            Next try <Time at={heldUntil} format="ago" />
          </>
        )}
      </span>
    </p>
  );
}

type One = { readonly delivery: Delivery };

function About({ delivery }: One) {
  const { jobId, batchId, url, webhookId, eventId, createdAt, endedAt } = delivery;
  const { dueAt, state, waitingFor } = delivery;
  return (
    <Card title="Delivery" note={<span class="id">{delivery.deliveryId}</span>}>
      <Facts>
        <Fact name="To">
          <a class="break" href={linkTo(["deliveries"], { webhookId })}>
            {url}
          </a>
        </Fact>
        {jobId !== null && (
          <Fact name="Job">
            <a class="mono" href={linkTo(["jobs", jobId])}>
              {jobId}
            </a>
          </Fact>
        )}
        {batchId !== null && (
          <Fact name="Batch">
            <a class="mono" href={linkTo(["batches", batchId])}>
              {batchId}
            </a>
          </Fact>
        )}
        <Fact name="Event at">
          <Time at={createdAt} format="full" />
        </Fact>
        {state === "due" && waitingFor === null && (
          <Fact name="Next attempt">
            <Time at={dueAt} format="ago" />
          </Fact>
        )}
        {endedAt !== null && (
          <Fact name={state === "dead" ? "Given up" : "Delivered"}>
            <Time at={endedAt} />, {formatDuration(Date.parse(endedAt) - Date.parse(createdAt))}{" "}
            after the event
          </Fact>
        )}
        <Fact name="webhook-id">
          <span class="mono">{eventId}</span> <CopyButton text={eventId} what="the webhook-id" />
        </Fact>
      </Facts>
    </Card>
  );
}

function Attempts({ delivery: { attempts } }: One) {
  return (
    <Card
      title="Attempts"
      note={attempts.length === 0 ? undefined : plural(attempts.length, "attempt")}
    >
      {attempts.length === 0 ? (
        <Empty title="Not sent yet" />
      ) : (
        <ol class="attempts">
          {attempts.toReversed().map(({ number, at, durationMs, status, response, error }) => (
            <li key={number}>
              <div class="row-head">
                <b class={isSuccess(status) ? "code ok" : "code bad"}>{status ?? "no answer"}</b>
                <span class="muted">
                  attempt {number} at <Time at={at} />, {formatDuration(durationMs)}
                </span>
              </div>
              {error !== null && <p class="bad-text">{error}</p>}
              {response !== null && response !== "" && (
                <pre class="answer" tabIndex={0}>
                  {response}
                </pre>
              )}
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

function isSuccess(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}
