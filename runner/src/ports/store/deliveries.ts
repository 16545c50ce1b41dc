import type { DeliveryState } from "../../domain/delivery.ts";
import type { DestinationOutcome, DestinationState } from "../../domain/destination.ts";
import type { EventKind } from "../../domain/event.ts";
import type { DestinationHealth } from "../../domain/hold.ts";
import type { WebhookVerdict } from "../../domain/webhook-health.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { TraceContext } from "../../domain/trace-context.ts";
import type { Page, Paged } from "./page.ts";

/**
 * Deliveries of events to webhooks.
 *
 * A delivery is open while it is `waiting` or `due`, and has ended when it is `delivered` or
 * `dead`. A delivery is in flight while it is claimed. Its ordering key is its job and its webhook:
 * of the open deliveries with one key only the earliest is `due`, and the later ones are `waiting`,
 * unless they were in flight when the earlier one was opened again. A batch's callback has no
 * ordering key.
 */

/** The kind of event; `batch` is a batch's callback. */
export type DeliveryKind = EventKind | "batch";

/** Where a delivery is sent. Read when it is claimed, so a change of the webhook applies to it. */
export interface DeliveryTarget {
  readonly webhookId: string;
  readonly isPersistent: boolean;
  readonly url: string;
  /** Headers and secrets, sealed by the vault. */
  readonly sealed: string | null;
  readonly retries: number;
  /** Null for the default. */
  readonly timeoutMs: number | null;
}

/**
 * The right to change a delivery in flight. It is valid as long as `fence` is the delivery's newest
 * fence and `owner` has it: each claim gives it a new fence. Recording an attempt, releasing and
 * reaping end a claim.
 */
export interface DeliveryClaim {
  readonly deliveryId: string;
  readonly fence: number;
  readonly owner: string;
}

export interface ClaimedDelivery {
  readonly id: string;
  readonly fence: number;
  readonly owner: string;
  /** The id of the job or batch that the event belongs to. */
  readonly subjectId: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly body: JsonText;
  /** The body's length in UTF-8. */
  readonly bytes: number;
  /** The destination's id. */
  readonly destination: number;
  /** The event's instant. */
  readonly eventAt: number;
  readonly target: DeliveryTarget;
  /** The number of attempts stored so far. */
  readonly attempts: number;
  readonly retriesUsed: number;
  /** Of its job; of a batch's callback, that of the first job. Left out if there is none. */
  readonly trace?: TraceContext;
}

/**
 * The room that a daemon has for deliveries that its own write makes due. The write can claim them at
 * once: then they need not be looked for, written a second time and read back. A store need not hand
 * anything over: what it leaves is found by `claimDeliveries`.
 *
 * A delivery is handed over only if it would also be the next to be claimed: no other delivery of its
 * destination can be claimed now, and the destination is not paused, does not fail and has no rate.
 *
 * If the write's reply is lost, nobody sends what was handed over until its lease has expired.
 */
export interface HandOver {
  readonly owner: string;
  readonly now: number;
  readonly leaseUntil: number;
  /** The most deliveries, and the most bytes of their bodies. */
  readonly limit: number;
  readonly maxBytes: number;
  /** Destinations for which there is no room. */
  readonly except: readonly number[];
}

export interface HandedOver {
  readonly deliveries: readonly ClaimedDelivery[];
  /** Whether the write made a delivery due that was not handed over. */
  readonly isMoreDue: boolean;
}

export interface AttemptRecord {
  /** 1 for the first attempt. */
  readonly number: number;
  readonly at: number;
  readonly durationMs: number;
  /** The HTTP status, or null without a response. */
  readonly status: number | null;
  readonly response: string | null;
  readonly error: string | null;
}

export interface AttemptOutcome extends DeliveryClaim {
  readonly attempt: AttemptRecord;
  readonly state: "due" | "delivered" | "dead";
  /** When the delivery is retried; null unless `state` is `due`. */
  readonly dueAt: number | null;
  readonly retriesUsed: number;
  /** Why the delivery is dead; null unless `state` is `dead`. */
  readonly reason: string | null;
  /** Whether the endpoint accepted the event. Null leaves the webhook's `failingSince` as it is. */
  readonly succeeded: boolean | null;
  /** What the attempt says about the delivery's destination. */
  readonly destinationOutcome: DestinationOutcome;
  /** A delivery that would be this old at its next retry is given up. */
  readonly maxAgeMs: number;
}

/** `lost`: the claim was not valid, and nothing was stored. Null: nothing but the delivery changed. */
export type Recorded = AttemptEffects | "lost" | null;

/** What an attempt changed beyond its delivery; null where nothing changed. */
export interface AttemptEffects {
  /** Why the delivery is dead although a retry was left: it would be too old. */
  readonly tooOld: string | null;
  /** Whether the persistent webhook was switched off or removed. */
  readonly webhook: WebhookVerdict | null;
  readonly destination: DestinationChange | null;
  /** What was handed over, if the caller had room for it and the store can. */
  readonly handedOver?: HandedOver | undefined;
}

/** The state of a destination before and after an attempt. */
export interface DestinationChange {
  /** The webhook's origin, or the id of a persistent webhook. */
  readonly key: string;
  readonly before: DestinationState;
  readonly after: DestinationState;
}

export interface DeliverySummary {
  readonly id: string;
  /** Null for a batch's callback. */
  readonly jobId: string | null;
  /** Null for a job's event. */
  readonly batchId: string | null;
  readonly webhookId: string;
  readonly url: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly state: DeliveryState;
  /** Null unless the delivery is `due`. */
  readonly dueAt: number | null;
  /** The event's instant. */
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly attempts: number;
  /** Why the delivery is dead. */
  readonly reason: string | null;
  /** When what it sends was removed; null while it can be sent again. */
  readonly payloadsRemovedAt: number | null;
  /** Its destination's. */
  readonly health: DestinationHealth;
}

export interface StoredDelivery extends DeliverySummary {
  readonly destination: number;
  /** Every attempt, in order. */
  readonly log: readonly AttemptRecord[];
}

/** A delivery matches if it meets every condition that is given. */
export interface DeliveryFilter {
  readonly jobId?: string;
  readonly batchId?: string;
  readonly webhookId?: string;
  readonly destinationId?: string;
  readonly state?: DeliveryState;
}

export interface DeliveryWrites {
  /**
   * Claims deliveries that are due at `now`, up to `limit` for each of the destinations. Within a
   * destination, first attempts come before retries, then the earliest due time first. Destinations
   * that are paused or unknown, or whose webhook is paused or off, yield nothing. One with a rate
   * limit yields no more than its tokens, and is not due again before the next token.
   *
   * A destination with an open circuit yields one delivery, which probes it: of the first attempt and
   * the retry that were due first, the one with the earlier event. The destination is not due again
   * before the probe has ended or `leaseUntil`. Otherwise first attempts would use every probe, and
   * no delivery would ever be given up.
   *
   * Destinations are served in the order of the request until their bodies exceed `maxBytes`; the
   * first delivery is always claimed. A destination from which a delivery was claimed comes after all
   * others that are due (round robin). One that got nothing because no bytes were left keeps its
   * place.
   */
  claimDeliveries(request: {
    owner: string;
    destinations: readonly { readonly id: number; readonly limit: number }[];
    now: number;
    leaseUntil: number;
    maxBytes: number;
  }): Promise<readonly ClaimedDelivery[]>;
  /**
   * Stores an attempt and its outcome, and ends the claim. The lease can have expired, as long as the
   * delivery was not released since.
   * - If the delivery has ended, the next one with its ordering key is due immediately.
   * - If the delivery is to be retried and an earlier one with its ordering key was opened again,
   *   it is `waiting` instead of `due`.
   * - The destination's failures in a row, pause and circuit follow from `destinationOutcome`
   *   (`afterAttempt` of domain/destination).
   * - A failed attempt counts for its persistent webhook, and can switch it off or remove it
   *   (`judgeWebhook` of domain/webhook-health). The days are those in which the daemon was up.
   * - A delivery that would have reached `maxAgeMs` at its next retry is dead instead.
   * - If the delivery was given up, or put behind an earlier one, during the attempt, `delivered`
   *   still applies. Any other outcome stores the attempt and leaves the delivery's state as it is.
   *
   * With `handOver`, the next delivery with the ordering key can be handed over.
   *
   * Returns `lost` and does nothing if the claim is not valid, or the delivery was deleted with its
   * webhook or its job. An attempt that is recorded again under its claim is stored once.
   */
  recordAttempt(outcome: AttemptOutcome, handOver?: HandOver): Promise<Recorded>;
  /**
   * Ends the claims of deliveries without counting an attempt. One that probed an open circuit leaves
   * the probe to the next. They are due immediately, or wait if
   * an earlier one with the same ordering key is open. Claims that are not valid are ignored.
   */
  releaseDeliveries(claims: readonly DeliveryClaim[]): Promise<void>;
  /**
   * Gives up up to `limit` deliveries that are due, not in flight, and have reached `maxAgeMs`. The
   * next one with the ordering key is due. A delivery's age counts from its event, or from when it was
   * last sent again by `redeliver` or `recoverDeliveries`. Time in which its webhook was paused or the
   * daemon was down (`beat`) does not count. Deliveries of a paused webhook are left alone.
   *
   * Returns how many were given up. Call again if that is the limit.
   */
  giveUpOldDeliveries(request: { now: number; maxAgeMs: number; limit: number }): Promise<number>;
  /**
   * Sends a delivery again at an operator's request. A delivery that has ended becomes due at `now`
   * with no retries left, so it is attempted once; later open deliveries with its ordering key wait
   * for it, except those in flight. A delivery that waits for its retry becomes due at `now`. The
   * destination's pause ends.
   *
   * Returns false and changes nothing if the delivery does not exist, is in flight, waits for an
   * earlier one with its ordering key, or its webhook is off or removed.
   */
  redeliver(id: string, request: { now: number }): Promise<boolean>;
  /**
   * Makes up to `limit` of a job's deliveries due again, with all their retries, that were given up
   * at `failedBy` or earlier. Leaves out those that are still in flight, and those of a webhook that
   * is off or removed. They keep their order: later ones wait. The pauses of their
   * destinations end. Returns the numbers of these destinations, or null if the job is unknown.
   */
  redeliverJob(
    jobId: string,
    request: { failedBy: number; limit: number; now: number },
  ): Promise<{ redelivered: number; destinations: readonly number[] } | null>;
  /**
   * Sends a destination's dead deliveries again whose event happened at `since` or later, the earliest
   * event first. They have all their retries again and follow the order of their ordering keys:
   * later open deliveries wait for them, except those in flight. Deliveries that wait for a retry
   * become due at `now`, within what is left of `limit`. Delivered ones do not change. The
   * destination's pause ends. Nothing changes if the destination's webhook is off or removed.
   *
   * Returns how many deliveries changed. `more` is true if the limit was reached: call again, with the
   * same `now`, so that what has failed again since is left alone.
   */
  recoverDeliveries(request: {
    /** The destination's key. */
    destination: string;
    since: number;
    limit: number;
    now: number;
  }): Promise<{ readonly recovered: number; readonly more: boolean }>;
}

export interface DeliveryReads {
  /**
   * Returns deliveries that match the filter, the newest first. A cursor stays valid while
   * deliveries are added. Throws `Refused` for a cursor that no page returned.
   */
  deliveries(filter: DeliveryFilter, page: Page): Promise<Paged<DeliverySummary>>;
  /** Returns a delivery with all its attempts, or null. */
  delivery(id: string): Promise<StoredDelivery | null>;
}
