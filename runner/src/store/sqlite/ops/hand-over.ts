import type { ClaimedDelivery, HandedOver, HandOver } from "../../../ports/store/deliveries.ts";
import { toDeliveryId } from "../../shared/rows.ts";
import { toTarget, type TargetColumns } from "./delivery-target.ts";

/**
 * An SQL expression: whether a delivery of this row of `destinations` that becomes due would be the
 * next one to be claimed at ?1.
 */
export const IS_FREE = `(failures = 0 AND probe IS NULL AND stopped = 0 AND rate_per_second IS NULL
  AND paused_until <= ?1 AND (ready_at IS NULL OR ready_at > ?1))`;

/** The claim of one delivery, as it is stored. */
export interface Lease {
  readonly owner: string;
  readonly until: number;
}

/** A delivery that becomes due. */
interface Due extends Pick<ClaimedDelivery, "destination" | "body"> {
  readonly dueAt: number;
  /** What IS_FREE says of its destination. */
  readonly isFree: 0 | 1;
}

/** A delivery that was stored under a lease. */
interface Leased extends Omit<ClaimedDelivery, "id" | "owner" | "target" | "bytes"> {
  readonly id: number;
}

/** The deliveries that one write hands over. */
export interface HandOverRoom {
  /** The instant for IS_FREE. */
  readonly now: number;
  /** Returns the lease to store, or null if the delivery is not handed over. */
  leaseFor(due: Due): Lease | null;
  add(delivery: Leased, target: TargetColumns): void;
  result(): HandedOver;
}

export function openRoom({ owner, now, leaseUntil, ...room }: HandOver): HandOverRoom {
  const deliveries: ClaimedDelivery[] = [];
  let leftBytes = room.maxBytes;
  let isMoreDue = false;
  return {
    now,
    leaseFor({ destination, body, dueAt, isFree }) {
      const isHandedOver =
        isFree === 1 &&
        dueAt <= now &&
        deliveries.length < room.limit &&
        !room.except.includes(destination) &&
        Buffer.byteLength(body) <= leftBytes;
      isMoreDue ||= !isHandedOver;
      return isHandedOver ? { owner, until: leaseUntil } : null;
    },
    add(delivery, target) {
      const bytes = Buffer.byteLength(delivery.body);
      leftBytes -= bytes;
      const id = toDeliveryId(delivery.id);
      deliveries.push({ ...delivery, id, owner, bytes, target: toTarget(target) });
    },
    result: () => ({ deliveries, isMoreDue }),
  };
}
