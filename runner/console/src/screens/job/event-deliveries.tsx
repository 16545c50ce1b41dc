import { call } from "../../api/request.ts";
import { mayI } from "../../api/session.ts";
import { formatDuration } from "../../parts/duration-text.ts";
import { now } from "../../parts/now.ts";
import { State } from "../../parts/state.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";
import { linkTo } from "../../router.ts";
import { toShortReason } from "../../parts/short-reason.ts";
import type { ToldDelivery } from "./job-story.ts";

interface EventDeliveriesProps {
  readonly deliveries: readonly ToldDelivery[];
  readonly refresh: () => Promise<void>;
}

/** Where the event went, with the answer to each attempt. */
export function EventDeliveries({ deliveries, refresh }: EventDeliveriesProps) {
  if (deliveries.length === 0) return null;
  return (
    <ul class="deliveries" aria-label="Deliveries">
      {deliveries.map((delivery) => (
        <li key={delivery.deliveryId}>
          <div class="to">
            <a href={linkTo(["deliveries", delivery.deliveryId])} title={delivery.url}>
              {shorten(delivery.url)}
            </a>
            {delivery.state === "delivered" && <Send delivery={delivery} refresh={refresh} />}
            <DeliveryState delivery={delivery} />
          </div>
          {delivery.attempts?.map((attempt, index) => (
            <Attempt
              key={attempt.number}
              attempt={attempt}
              before={delivery.attempts?.[index - 1]}
            />
          ))}
          {delivery.attempts === undefined && (
            <p class="faint">{delivery.attemptCount} attempts, on the delivery's own page</p>
          )}
          <Next delivery={delivery} refresh={refresh} />
        </li>
      ))}
    </ul>
  );
}

/** Without the scheme, which says little, and without a query, which may hold a key. */
function shorten(url: string): string {
  return url.replace(/^https?:\/\//, "").replace(/\?.*$/, "?…");
}

function DeliveryState({ delivery: { state, attemptCount } }: { readonly delivery: ToldDelivery }) {
  switch (state) {
    case "delivered":
      return <State name="delivered" />;
    case "dead":
      return <State name="dead" word="given up" />;
    case "waiting":
      return <State name="pending" word="waits its turn" />;
    case "due":
      return attemptCount === 0 ? <State name="due" /> : <State name="retrying" />;
  }
}

type AttemptOf = NonNullable<ToldDelivery["attempts"]>[number];

interface AttemptProps {
  readonly attempt: AttemptOf;
  readonly before: AttemptOf | undefined;
}

function Attempt({ attempt, before }: AttemptProps) {
  const { status, response, error, at, durationMs } = attempt;
  const isOk = status !== null && status >= 200 && status < 300;
  const answer = error ?? response ?? "";
  const pause =
    before === undefined ? null : Date.parse(at) - Date.parse(before.at) - before.durationMs;
  return (
    <details class="attempt">
      <summary>
        <span class={isOk ? "code ok" : "code bad"}>{status ?? "no answer"}</span>
        <span class="grow ellip">
          {pause !== null && <span class="faint">after {formatDuration(pause)} </span>}
          {answer}
        </span>
        <span class="faint">{formatDuration(durationMs)}</span>
      </summary>
      <pre class="json" tabIndex={0}>
        {answer === "" ? "The answer had no body." : answer}
      </pre>
    </details>
  );
}

interface SendProps {
  readonly delivery: ToldDelivery;
  readonly refresh: () => Promise<void>;
}

/** When it is tried again, what holds it, and the button that sends it now. */
function Next({ delivery, refresh }: SendProps) {
  const { state, dueAt, reason, waitingFor, attemptCount } = delivery;
  if (state === "delivered" || state === "waiting") return null;
  const dueIn = dueAt === null ? 0 : Date.parse(dueAt) - now.value;
  const isRetry = state === "due" && waitingFor === null && attemptCount > 0 && dueIn > 0;
  return (
    <p class="next">
      <span class="grow faint">
        {state === "dead" && toShortReason(reason)}
        {isRetry && `The next attempt is in ${formatDuration(dueIn)}.`}
        {state === "due" && waitingFor?.detail}
      </span>
      <Send delivery={delivery} refresh={refresh} />
    </p>
  );
}

function Send({ delivery: { deliveryId, state, payloadsRemovedAt }, refresh }: SendProps) {
  if (!mayI("admin") || payloadsRemovedAt !== null) return null;
  const send = async (): Promise<void> => {
    try {
      await call("POST /v1/deliveries/{id}/redeliver", { params: { id: deliveryId } });
      announce("The event is sent again.");
      await refresh();
    } catch (error) {
      announceFailure(error);
    }
  };
  return (
    <button type="button" class="link" onClick={() => void send()}>
      {state === "delivered" ? "Send again" : "Send now"}
    </button>
  );
}
