/** How far an event is on its way to all its webhooks. Pure. */
import { EVENT_KINDS, type EventKind } from "./event.ts";
import type { DeliveryState } from "./delivery.ts";

/** From the best to the worst: the worst of several deliveries is the one that is shown. */
export const DELIVERY_PROGRESS = ["delivered", "pending", "retrying", "failed"] as const;
export type DeliveryProgress = (typeof DELIVERY_PROGRESS)[number];

export interface EventDelivery {
  readonly event: EventKind;
  readonly state: DeliveryProgress;
}

interface Delivery {
  readonly kind: EventKind;
  readonly state: DeliveryState;
  readonly attempts: number;
}

/** One entry for each kind of event that has deliveries, with the state of the worst one. */
export function eventDeliveries(deliveries: readonly Delivery[]): EventDelivery[] {
  return EVENT_KINDS.flatMap((event) => {
    const ranks = deliveries.filter(({ kind }) => kind === event).map(rankOf);
    const state = DELIVERY_PROGRESS[Math.max(-1, ...ranks)];
    return state === undefined ? [] : [{ event, state }];
  });
}

function rankOf({ state, attempts }: Delivery): number {
  return DELIVERY_PROGRESS.indexOf(progressOf(state, attempts));
}

function progressOf(state: DeliveryState, attempts: number): DeliveryProgress {
  switch (state) {
    case "delivered":
      return "delivered";
    case "dead":
      return "failed";
    case "due":
    case "waiting":
      return attempts > 0 ? "retrying" : "pending";
  }
}
