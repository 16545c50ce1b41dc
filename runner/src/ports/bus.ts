import type { DeliveryChange, JobSignal } from "./job-signal.ts";
import type { Claim } from "./store/jobs.ts";

/** What one daemon tells the others. At most about a hundred ids and two short texts, so that it fits into 8,000 bytes. */
export type BusMessage =
  /** Jobs can be claimed. */
  | { readonly kind: "jobs" }
  /** Deliveries are due. */
  | { readonly kind: "due" }
  /** Nothing is sent to this destination for now, because of what the sender has seen. */
  | { readonly kind: "paused"; readonly destination: number; readonly failuresInRow: number }
  /** An attempt has closed the circuit of this destination. */
  | { readonly kind: "circuit-closed"; readonly destination: number }
  /** A person wants the deliveries of this destination sent now: its pause has ended. */
  | { readonly kind: "resumed"; readonly destination: number }
  /** The jobs of a batch can all have ended. */
  | { readonly kind: "batches" }
  /** A bulk act was started. */
  | { readonly kind: "bulk" }
  /** A schedule was changed, or a job of one has ended. */
  | { readonly kind: "schedules" }
  /** A webhook was switched off or removed, and deliveries of it can be left. */
  | { readonly kind: "webhook-off" }
  /** A token of the API was added or removed. */
  | { readonly kind: "tokens" }
  /** A browser has logged in or out. */
  | { readonly kind: "sessions" }
  /** A secret of plugins was set or removed. */
  | { readonly kind: "secrets" }
  /** The id is a job's, or a batch's for `batch-ended`. */
  | { readonly kind: "job"; readonly id: string; readonly signal: JobSignal }
  | { readonly kind: "delivery"; readonly delivery: DeliveryChange }
  /** The job has ended under its owner's claim, as when it is cancelled: the owner need not go on. */
  | { readonly kind: "claim-lost"; readonly claim: Claim }
  /**
   * The sender wants to hear `job` messages about these ids, for the next 15 s, and the progress of those
   * that run. With `everything`, about all jobs and deliveries.
   */
  | { readonly kind: "watch"; readonly ids: readonly string[]; readonly everything: boolean }
  /** The bus itself reports it: messages can have been lost, so look at everything. */
  | { readonly kind: "missed" };

export type MessageOf<Kind extends BusMessage["kind"]> = Extract<BusMessage, { kind: Kind }>;

/**
 * Carries messages between the daemons that share a store. A message is a hint: it can be lost, repeated or
 * late, and its loss costs time and nothing else. Everything that waits for one also looks into the
 * store, more often when the bus is down.
 */
export interface Bus {
  /**
   * `alone`: no other daemon can have the store open, now or later. `down`: messages are not sent or not received
   * now. When that ends, the listeners get `missed`.
   */
  state(): "alone" | "up" | "down";
  /**
   * Sends to all other daemons, and returns at once. Equal messages that are sent shortly after one another
   * can be sent as one. Messages of one daemon keep their order. Never throws.
   */
  send(message: BusMessage): void;
  /** Calls the listener with each message of another daemon. Returns a function that removes it. */
  listen(listener: (message: BusMessage) => void): () => void;
}
