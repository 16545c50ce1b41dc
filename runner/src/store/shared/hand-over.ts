/** What a write hands over to its caller: see `HandOver` in ports/store/deliveries.ts. */
import type {
  ClaimedDelivery,
  DeliveryTarget,
  HandedOver,
  HandOver,
} from "../../ports/store/deliveries.ts";
import { toDeliveryId } from "./rows.ts";

/** The claim of one delivery, as it is stored. */
export interface Lease {
  readonly owner: string;
  readonly until: number;
}

/** A delivery that becomes due. */
interface Due extends Pick<ClaimedDelivery, "destination" | "body"> {
  readonly dueAt: number;
  /** Whether it would be the next delivery of its destination to be claimed. */
  readonly isFree: boolean;
}

/** A delivery that was stored under a lease. */
interface Leased extends Omit<ClaimedDelivery, "id" | "owner" | "target" | "bytes"> {
  readonly id: number;
}

/** The deliveries that one write hands over. */
export interface HandOverRoom {
  readonly now: number;
  /** Returns the lease to store, or null if the delivery is not handed over. */
  leaseFor(due: Due): Lease | null;
  /** For the only delivery of a write: returns the lease to store if its body has no more bytes than that. */
  offer(due: Pick<Due, "destination" | "dueAt">): (Lease & { readonly maxBytes: number }) | null;
  /** A delivery was made due and is not handed over. */
  leave(): void;
  add(delivery: Leased, target: DeliveryTarget): void;
  result(): HandedOver;
}

export function openRoom({ owner, now, leaseUntil, ...room }: HandOver): HandOverRoom {
  const deliveries: ClaimedDelivery[] = [];
  let left = room.limit;
  let leftBytes = room.maxBytes;
  let isMoreDue = false;
  const leave = (): void => void (isMoreDue = true);

  function offer({ destination, dueAt }: Pick<Due, "destination" | "dueAt">) {
    const canHandOver = dueAt <= now && left > 0 && !room.except.includes(destination);
    return canHandOver ? { owner, until: leaseUntil, maxBytes: leftBytes } : null;
  }

  return {
    now,
    offer,
    leave,
    leaseFor({ body, isFree, ...due }) {
      const lease = isFree ? offer(due) : null;
      const bytes = Buffer.byteLength(body);
      if (lease === null || bytes > lease.maxBytes) {
        leave();
        return null;
      }
      left -= 1;
      leftBytes -= bytes;
      return lease;
    },
    add(delivery, target) {
      const id = toDeliveryId(delivery.id);
      deliveries.push({ ...delivery, id, owner, bytes: Buffer.byteLength(delivery.body), target });
    },
    result: () => ({ deliveries, isMoreDue }),
  };
}
