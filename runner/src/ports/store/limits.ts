import type { DeclaredLimit, LimitNumbers, LimitOverride } from "../../domain/plugin-limits.ts";

export interface LimitPause {
  readonly since: number;
  /** Null: until it is resumed. */
  readonly until: number | null;
  /** The name of the token that paused it, or of the plugin. Null if it is not known. */
  readonly by: string | null;
}

/** How a limit is used. Jobs are counted up to 1,000. */
export interface StoredLimit {
  readonly name: string;
  /** What counts. */
  readonly numbers: LimitNumbers;
  readonly declared: LimitNumbers;
  readonly override: LimitOverride | null;
  readonly overriddenBy: string | null;
  readonly overriddenAt: number | null;
  /** The jobs that have a slot. */
  readonly running: number;
  /** The jobs that are due and have none. */
  readonly queued: number;
  readonly pause: LimitPause | null;
  /** The keys with the most of the first 1,000 jobs that wait, at most ten. */
  readonly waitingKeys: readonly { readonly key: string; readonly queued: number }[];
  /** At most 100. */
  readonly pausedKeys: readonly (LimitPause & { readonly key: string })[];
}

export interface PauseLimit {
  readonly name: string;
  /** Null: the whole limit. */
  readonly key: string | null;
  /** Null: until it is resumed. */
  readonly until: number | null;
  /** Whether it lasts for a span of time. Then it ends earlier when the clock is set back. */
  readonly isSpan: boolean;
  /** Whether a pause that ends later stays as it is. */
  readonly keepsLonger: boolean;
  readonly by: string | null;
  readonly now: number;
}

export interface LimitWrites {
  /** Stores limits in place of those with the same name. Later claims keep to them. */
  declareLimits(limits: readonly DeclaredLimit[]): Promise<void>;
  /** Sets numbers in place of those that are declared. Null takes them away. Returns false if no limit has the name. */
  overrideLimit(
    name: string,
    override: LimitOverride | null,
    by: { readonly by: string | null; readonly now: number },
  ): Promise<boolean>;
  /** No job of the limit, or of the key, gets a slot until then. Returns false if no limit has the name. */
  pauseLimit(request: PauseLimit): Promise<boolean>;
  /** Ends the pause of a limit, or of one of its keys. Returns false if no limit has the name. */
  resumeLimit(name: string, key: string | null): Promise<boolean>;
}

export interface LimitReads {
  /** Returns the first 1,000 limits, by name. */
  limits(): Promise<readonly StoredLimit[]>;
  limit(name: string): Promise<StoredLimit | null>;
}
