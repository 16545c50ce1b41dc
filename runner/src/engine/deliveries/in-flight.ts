import type { Clock } from "../../ports/clock.ts";
import type { ClaimedDelivery, DeliveryClaim } from "../../ports/store/deliveries.ts";
import { ShortLivedMap } from "../../system/short-lived-map.ts";
import { claimOf } from "./deliver.ts";

/** An attempt in flight. */
export interface AttemptInFlight {
  readonly delivery: ClaimedDelivery;
  /** Its write ends the claim, so it is not renewed any more. */
  isRecording: boolean;
  /** The claim is no longer valid: the outcome is dropped. */
  isLost: boolean;
  /** Never rejects. */
  ended: Promise<void>;
}

/** Room for attempts. */
export interface Room {
  readonly deliveries: number;
  /** Of their bodies. */
  readonly bytes: number;
}

/** The attempts that this process has in flight. */
export interface InFlight {
  size(): number;
  bytes(): number;
  /** What is left of a part of all room: neither in flight nor reserved. */
  room(part: number): Room;
  /** Keeps room for deliveries that are being claimed. Returns a function that ends that. */
  reserve(room: Room): () => void;
  get(id: string): AttemptInFlight | undefined;
  begin(delivery: ClaimedDelivery, send: (attempt: AttemptInFlight) => Promise<void>): void;
  end(delivery: ClaimedDelivery): void;
  claims(): readonly DeliveryClaim[];
  /** Returns how many of the lost claims were those of attempts in flight. */
  drop(lost: readonly DeliveryClaim[]): number;
  /** Resolves when all have ended, or after `graceMs`; null waits for as long as it takes. */
  settle(graceMs: number | null): Promise<void>;
}

export function createInFlight(options: {
  readonly clock: Clock;
  readonly maxInFlight: number;
  readonly maxBytesInFlight: number;
  /** There is more room than before. */
  readonly onRoom: () => void;
}): InFlight {
  const { clock, maxInFlight, maxBytesInFlight, onRoom } = options;
  const attempts = new ShortLivedMap<string, AttemptInFlight>();
  let bytes = 0;
  const reserved = { deliveries: 0, bytes: 0 };
  return {
    size: () => attempts.size,
    bytes: () => bytes,
    room: (part) => ({
      deliveries: Math.floor(maxInFlight * part) - attempts.size - reserved.deliveries,
      bytes: maxBytesInFlight * part - bytes - reserved.bytes,
    }),
    reserve(room) {
      reserved.deliveries += room.deliveries;
      reserved.bytes += room.bytes;
      return () => {
        reserved.deliveries -= room.deliveries;
        reserved.bytes -= room.bytes;
        onRoom();
      };
    },
    get: (id) => attempts.get(id),
    begin(delivery, send) {
      const attempt = { delivery, isRecording: false, isLost: false, ended: Promise.resolve() };
      attempts.set(delivery.id, attempt);
      bytes += delivery.bytes;
      attempt.ended = send(attempt);
    },
    end({ id, bytes: freed }) {
      attempts.delete(id);
      bytes -= freed;
      onRoom();
    },
    claims: () =>
      attempts
        .values()
        .filter(({ isRecording, isLost }) => !isRecording && !isLost)
        .map(({ delivery }) => claimOf(delivery)),
    drop(lost) {
      let dropped = 0;
      for (const { deliveryId, fence } of lost) {
        const attempt = attempts.get(deliveryId);
        if (attempt?.delivery.fence !== fence || attempt.isRecording) continue;
        attempt.isLost = true;
        dropped += 1;
      }
      return dropped;
    },
    async settle(graceMs) {
      const done = new AbortController();
      const all = Promise.all(attempts.values().map(({ ended }) => ended));
      await Promise.race([all, clock.sleep(graceMs, { signal: done.signal })]);
      done.abort();
    },
  };
}
