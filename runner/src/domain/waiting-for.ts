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

/** A slot of the limit of its next step. */
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
}

/** What a queued job waits for. Each kind can have its own limit. */
export type WaitingFor = WaitingForPlugin | WaitingForRetry | WaitingForLimit;
