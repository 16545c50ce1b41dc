import type { DeliveryState } from "../../domain/delivery.ts";
import type { EventKind } from "../../domain/event.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { Page, Paged } from "./page.ts";

/** `batch`: the one callback of a batch. */
export type DeliveryKind = EventKind | "batch";

/** Where a delivery goes, as the webhook is now: a changed url holds for what was queued before. */
export interface DeliveryTarget {
  readonly webhookId: string;
  readonly isPersistent: boolean;
  readonly url: string;
  readonly sealed: string | null;
  readonly retries: number;
  readonly timeoutMs: number | null;
  readonly expiresAt: number | null;
  readonly failingSince: number | null;
}

export interface ClaimedDelivery {
  readonly id: string;
  /** Whose event it is: a job's or a batch's id. */
  readonly subjectId: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly body: JsonText;
  /** Of the body, in UTF-8. */
  readonly bytes: number;
  readonly destination: number;
  readonly eventAt: number;
  readonly target: DeliveryTarget;
  /** Attempts made so far. */
  readonly attempts: number;
  readonly retriesUsed: number;
}

export interface AttemptRecord {
  readonly number: number;
  readonly at: number;
  readonly durationMs: number;
  /** The HTTP status, or null when there was no answer. */
  readonly status: number | null;
  readonly response: string | null;
  readonly error: string | null;
}

export interface AttemptOutcome {
  readonly deliveryId: string;
  readonly attempt: AttemptRecord;
  readonly state: "due" | "delivered" | "dead";
  /** When it is tried again; only with `due`. */
  readonly dueAt: number | null;
  readonly retriesUsed: number;
  /** Why it is dead; only with `dead`. */
  readonly reason: string | null;
  /** Whether the endpoint took it, for `failingSince` of a persistent webhook; null says nothing. */
  readonly succeeded: boolean | null;
}

export interface DeliverySummary {
  readonly id: string;
  /** Null for a batch's callback. */
  readonly jobId: string | null;
  readonly batchId: string | null;
  readonly webhookId: string;
  readonly url: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly state: DeliveryState;
  readonly dueAt: number | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly attempts: number;
  readonly reason: string | null;
}

export interface StoredDelivery extends DeliverySummary {
  readonly destination: number;
  /** Every attempt, in order. */
  readonly log: readonly AttemptRecord[];
}

export interface DeliveryFilter {
  readonly jobId?: string;
  readonly batchId?: string;
  readonly webhookId?: string;
  readonly state?: DeliveryState;
}

export interface DeliveryWrites {
  /**
   * Leases deliveries that are due in the destinations named, up to each destination's limit: first tries before
   * retries, then by the time they became due. Afterwards each destination named stands behind all others
   * that are due (its turn is over). `maxBytes` bounds the bodies of one claim; one always fits, and
   * a destination for which no bytes were left keeps its turn.
   */
  claimDeliveries(request: {
    owner: string;
    destinations: readonly { readonly id: number; readonly limit: number }[];
    now: number;
    leaseUntil: number;
    maxBytes: number;
  }): Promise<readonly ClaimedDelivery[]>;
  /**
   * Keeps the attempt; when the delivery has ended, the next in line becomes due at once. When the
   * delivery was given up meanwhile, a success still counts and a failure changes nothing. Does
   * nothing when it was deleted, with its webhook or its job.
   */
  recordAttempt(outcome: AttemptOutcome): Promise<void>;
  /** Gives leased deliveries back, due at once, with no attempt counted. */
  releaseDeliveries(ids: readonly string[]): Promise<void>;
  /**
   * Sends one again by hand. One that has ended becomes due at once with no retry left (so it is
   * tried once), and what is behind it in its line waits for it; one that waits for its retry is due
   * now instead. A hold of its destination is over. False, and nothing changed, when there is none, or it is
   * in flight or behind another of its job.
   */
  redeliver(id: string, request: { now: number }): Promise<boolean>;
  /**
   * Makes the webhook's dead deliveries of events since the instant deliverable again, with all
   * their retries and in their jobs' order, and those that wait for a retry due now; what was
   * delivered stays so. A hold of its destination is over. `more`: the limit was reached, call again.
   */
  recoverDeliveries(request: {
    webhookId: string;
    since: number;
    limit: number;
    now: number;
  }): Promise<{ readonly recovered: number; readonly more: boolean }>;
}

export interface DeliveryReads {
  /** Newest first. */
  deliveries(filter: DeliveryFilter, page: Page): Promise<Paged<DeliverySummary>>;
  delivery(id: string): Promise<StoredDelivery | null>;
}
