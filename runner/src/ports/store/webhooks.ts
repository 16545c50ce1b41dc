import type { EventKind } from "../../domain/event.ts";
import type { DestinationSpec } from "./destinations.ts";
import type { Page, Paged } from "./page.ts";

/** A webhook given with a job or a batch. */
export interface JobWebhook {
  readonly id: string;
  readonly url: string;
  /** Headers and the secret, sealed by the vault; null when there are none. */
  readonly sealed: string | null;
  /** The kinds of events to deliver; null for all. Not used for a batch's callback. */
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
  /** For a whole attempt, including the response's body; null for the default. */
  readonly timeoutMs: number | null;
  /** The destination of its deliveries: the URL's origin. */
  readonly destination: DestinationSpec;
}

export const WEBHOOK_STATES = ["active", "paused", "off"] as const;
/** `paused`: deliveries are stored and sent later. `off`: no deliveries are stored. */
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** The part of a persistent webhook that can be changed. */
export interface WebhookSpec {
  readonly url: string;
  /** Headers and secrets, sealed by the vault. */
  readonly sealed: string;
  /** The kinds of events to deliver; null for all. */
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
  /** Only jobs with one of these plugins; null for all jobs. */
  readonly plugins: readonly string[] | null;
  /** Only jobs with this name; null for all jobs. */
  readonly jobName: string | null;
  /** For a whole attempt, including the response's body. */
  readonly timeoutMs: number;
  readonly ratePerSecond: number | null;
  /** Events from this instant on are not delivered to it; null for no expiry. */
  readonly expiresAt: number | null;
}

export interface NewWebhook extends WebhookSpec {
  readonly id: string;
  /** Equal for webhooks with the same url and filter. An identity is registered once. */
  readonly identity: string;
  readonly createdAt: number;
}

export interface StoredWebhook extends WebhookSpec {
  readonly id: string;
  readonly identity: string;
  /** The id of its destination. Never changes. */
  readonly destination: number;
  readonly state: WebhookState;
  /** Why the daemon switched it off or paused it; null if it is active or a person paused it. */
  readonly reason: string | null;
  /** The instant of the first failed attempt since the last success; null if there is none. */
  readonly failingSince: number | null;
  /** 1 for a new webhook; grows with each change. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface WebhookPatch extends Partial<WebhookSpec> {
  readonly identity?: string;
  readonly state?: WebhookState;
  readonly reason?: string | null;
}

export type RegisterOutcome =
  | { readonly kind: "created" }
  | { readonly kind: "existing"; readonly id: string }
  | { readonly kind: "limit"; readonly count: number };

/** `taken`: another webhook already has the identity in the patch. `stale`: it has another version. */
export type UpdateOutcome = "updated" | "missing" | "taken" | "stale";

export interface WebhookWrites {
  /**
   * Stores a persistent webhook as `active`, once per identity. If the identity is known, nothing
   * is stored or changed and the outcome is `existing`, even at the limit. If there are
   * `maxWebhooks` webhooks already, the outcome is `limit`.
   */
  registerWebhook(webhook: NewWebhook, limits: { maxWebhooks: number }): Promise<RegisterOutcome>;
  /**
   * Changes the fields that the patch contains. Changes apply to deliveries that are already
   * stored. A patch with a state also does this:
   * - `off` gives up every open delivery with the reason, including those in flight. If they are many,
   *   `clearWebhooks` gives up the older ones. Those that it has not reached when the webhook is
   *   switched on are sent.
   * - `paused` stops sending. Open deliveries are kept.
   * - `active` resumes sending, ends a pause of the destination, and clears `failingSince`.
   *
   * With a `version`, the webhook must have it: a patch that was built from what was read must not undo
   * a change that came in between. Changes nothing unless the outcome is `updated`.
   */
  updateWebhook(
    id: string,
    patch: WebhookPatch,
    request: { now: number; version?: number },
  ): Promise<UpdateOutcome>;
  /**
   * Removes a persistent webhook and deletes its deliveries. If they are many, `clearWebhooks` deletes the
   * rest. None of them is sent any more. Returns false if the webhook does not exist.
   */
  removeWebhook(id: string): Promise<boolean>;
  /**
   * Continues what `updateWebhook`, `removeWebhook`, `pruneWebhooks` and `recordAttempt` have begun: gives
   * up deliveries of a webhook that is off, at `now`, or deletes those of a removed one. A few at a time, so
   * that no other change waits long. Returns false if nothing was left to do.
   */
  clearWebhooks(request: { now: number }): Promise<boolean>;
  /**
   * Removes up to `limit` persistent webhooks that expired before `now` and have no open delivery,
   * the earliest expiry first. Returns how many it removed.
   */
  pruneWebhooks(request: { now: number; limit: number }): Promise<number>;
}

export interface WebhookReads {
  /** Returns a persistent webhook, or null. */
  webhook(id: string): Promise<StoredWebhook | null>;
  /**
   * Returns persistent webhooks, the oldest first. Throws `Refused` for a cursor that no page
   * returned.
   */
  webhooks(page: Page): Promise<Paged<StoredWebhook>>;
}
