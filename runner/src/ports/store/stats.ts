/**
 * Counts of what happened. `minute` and `hour` count everything and have the key ''; `plugin` and
 * `destination` count by the hour, with the plugin's name or the destination's number as key.
 */
export const STAT_SERIES = ["minute", "hour", "plugin", "destination"] as const;
export type StatSeries = (typeof STAT_SERIES)[number];

/** A name that is left out is 0. */
export type Counts = Readonly<Record<string, number>>;

export interface StatRow {
  readonly series: StatSeries;
  /** The start of the minute or hour. */
  readonly at: number;
  readonly key: string;
  readonly counts: Counts;
}

export interface StatWrites {
  /** Adds the counts of each row to those that are stored for its series, instant and key. */
  addStats(rows: readonly StatRow[]): Promise<void>;
  /** Deletes up to `limit` rows of a series from before an instant. Returns how many it deleted. */
  pruneStats(request: { series: StatSeries; before: number; limit: number }): Promise<number>;
}

export interface StatReads {
  /**
   * Returns the rows of a series from `from` to `to`, both included, in the order of their instants.
   * With `keys`, only those.
   */
  stats(request: {
    series: StatSeries;
    from: number;
    to: number;
    keys?: readonly string[];
  }): Promise<readonly StatRow[]>;
}
