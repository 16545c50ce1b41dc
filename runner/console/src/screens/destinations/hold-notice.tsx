import type { Destination } from "../../api/schema.ts";
import { Time } from "../../parts/time.tsx";

/** Why nothing is sent now, since when and until when. */
export function HoldNotice({ destination }: { readonly destination: Destination }) {
  const { waitingFor, heldUntil } = destination;
  if (waitingFor === null || waitingFor.kind === "webhook") return null;
  return (
    <p class={waitingFor.kind === "circuit" ? "notice" : "notice wait"}>
      <span class="grow">
        {waitingFor.detail} Since <Time at={waitingFor.since} />
        {heldUntil !== null && (
          <>
            , next try <Time at={heldUntil} format="ago" />
          </>
        )}
      </span>
    </p>
  );
}
