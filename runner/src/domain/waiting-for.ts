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

/** What a queued job waits for. Each kind can have its own limit. */
export type WaitingFor = WaitingForPlugin | WaitingForRetry;
