import type { EventKind } from "../../domain/event.ts";
import type { DestinationSpec } from "./destinations.ts";
import type { Page, Paged } from "./page.ts";

/** A webhook given with a job. */
export interface JobWebhook {
  readonly id: string;
  readonly url: string;
  /** Headers, sealed by the vault; null when there are none. */
  readonly sealed: string | null;
  /** Null wants all kinds. */
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
  /** The destination that its deliveries take: the URL's origin. */
  readonly destination: DestinationSpec;
}

export const WEBHOOK_STATES = ["active", "paused", "off"] as const;
/** `paused`: events are kept for later. `off`: switched off by its failures, events pass it by. */
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** What can be changed of a persistent webhook. */
export interface WebhookSpec {
  readonly url: string;
  /** Headers and secrets, sealed by the vault. */
  readonly sealed: string;
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
  /** Jobs with any of these plugins; null for all. */
  readonly plugins: readonly string[] | null;
  /** Jobs of this name; null for all. */
  readonly jobName: string | null;
  /** For an attempt's whole exchange. */
  readonly timeoutMs: number;
  readonly ratePerSecond: number | null;
  /** From then on no event goes to it. */
  readonly expiresAt: number | null;
}

export interface NewWebhook extends WebhookSpec {
  readonly id: string;
  /** Equal for the same url and filter: such a webhook is registered once. */
  readonly identity: string;
  readonly createdAt: number;
}

export interface StoredWebhook extends WebhookSpec {
  readonly id: string;
  readonly identity: string;
  /** Never changes. */
  readonly destination: number;
  readonly state: WebhookState;
  /** Why it is off. */
  readonly reason: string | null;
  /** Since when every attempt has failed. */
  readonly failingSince: number | null;
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

/** `taken`: another webhook has the url and filter that this one would get. */
export type UpdateOutcome = "updated" | "missing" | "taken";

export interface WebhookWrites {
  registerWebhook(webhook: NewWebhook, limits: { maxWebhooks: number }): Promise<RegisterOutcome>;
  /**
   * Changes what the patch names. `off` gives up what was queued, with the reason; `paused` keeps
   * it; `active` lets it go on, ends a hold of its destination and forgets the failures.
   */
  updateWebhook(id: string, patch: WebhookPatch, request: { now: number }): Promise<UpdateOutcome>;
  /** Removes it with its deliveries. False when there is no such webhook. */
  removeWebhook(id: string): Promise<boolean>;
  /** Removes up to `limit` webhooks that expired before `now` and have nothing left to deliver. */
  pruneWebhooks(request: { now: number; limit: number }): Promise<number>;
}

export interface WebhookReads {
  webhook(id: string): Promise<StoredWebhook | null>;
  /** Oldest first. */
  webhooks(page: Page): Promise<Paged<StoredWebhook>>;
}
