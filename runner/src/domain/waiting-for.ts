/** A plugin that cannot be loaded now. */
export interface WaitingForPlugin {
  readonly kind: "plugin";
  /** The plugin's name. */
  readonly on: string;
  readonly since: number;
}

/** The next attempt of a step that failed. */
export interface WaitingForRetry {
  readonly kind: "retry";
  /** When it begins. */
  readonly at: number;
  /** How many attempts have failed. */
  readonly failedAttempts: number;
  /** The last attempt's error. */
  readonly message: string;
  readonly since: number;
}

/** A slot of the limit of its next step: a free one, the next of its rate, or the end of its pause. */
export interface WaitingForLimit {
  readonly kind: "limit";
  /** The limit's name. */
  readonly on: string;
  /** The job's key, or "". */
  readonly key: string;
  readonly since: number;
  /** How many slots are used, and how many there are: of the key if those are all used. */
  readonly used: number;
  readonly slots: number;
  readonly isOfKey: boolean;
  /** Set if the limit or the key is paused. Null: until it is resumed. */
  readonly pausedUntil?: number | null;
  /** Set if its rate is used up: when the next step begins, and the rate. */
  readonly next?: { readonly at: number; readonly rate: string };
  /** How many jobs with the same limit and key are before it, counted up to `MAX_AHEAD`. Left out in lists. */
  readonly ahead?: number;
}

export const MAX_AHEAD = 1_000;

/** What a queued job waits for. Each kind can have its own limit. */
export type WaitingFor = WaitingForPlugin | WaitingForRetry | WaitingForLimit;
