/** How well a destination can be reached, in words. */
import type { Destination } from "../../api/schema.ts";
import { formatCount, plural } from "../../parts/numbers.ts";
import { State } from "../../parts/state.tsx";
import { Time } from "../../parts/time.tsx";
import { toShortReason } from "../../parts/short-reason.ts";

const MAX_COUNTED = 1_000;

export function HoldState({ destination }: { readonly destination: Destination }) {
  const { waitingFor, failuresInRow, perHour } = destination;
  const last = perHour.at(-1);
  if (waitingFor?.kind === "circuit") return <State name="broken" word="failing" />;
  if (waitingFor?.kind === "pause") return <State name="waiting" word="asked to wait" />;
  if (waitingFor?.kind === "webhook") return <State name="paused" word="not sending" />;
  if (failuresInRow > 0) return <State name="retrying" word="last attempt failed" />;
  // An answer such as 404 is final: it is no failure of the connection, but nothing arrives.
  if (last !== undefined && last.failed > 0 && last.delivered === 0) {
    return <State name="failed" word="refuses" />;
  }
  return <State name="ready" word="sending" />;
}

/** "since 14:02, next try in 48 sec. · status 503" */
export function HoldReason({ destination }: { readonly destination: Destination }) {
  const { waitingFor, heldUntil, lastError } = destination;
  if (waitingFor === null && lastError === null) return null;
  return (
    <span class="remark muted">
      {waitingFor !== null && (
        <>
          since <Time at={waitingFor.since} />
          {heldUntil !== null && (
            <>
              , next try <Time at={heldUntil} format="ago" />
            </>
          )}
        </>
      )}
      {waitingFor !== null && lastError !== null && " · "}
      {lastError !== null && <span class="bad-text">{toShortReason(lastError)}</span>}
    </span>
  );
}

/** Why a delivery waits, in a few words. */
export const HOLD_WORDS: Readonly<Record<NonNullable<Destination["waitingFor"]>["kind"], string>> =
  {
    circuit: "the destination is failing",
    pause: "the endpoint asked to wait",
    webhook: "the webhook is paused or off",
  };

export function backlogOf({ backlog }: Destination): string {
  return backlog >= MAX_COUNTED ? `${formatCount(MAX_COUNTED)}+` : formatCount(backlog);
}

export function rateOf(ratePerSecond: number | null): string {
  return ratePerSecond === null ? "no limit" : `${plural(ratePerSecond, "attempt")} a second`;
}
