import type { ErrorGroup } from "../../domain/error-group.ts";

export interface StoredErrorGroup extends ErrorGroup {
  readonly id: string;
  /** Jobs that are failed now and failed after the instant asked for, at most 1,000. */
  readonly count: number;
  /** True if there are more jobs than were counted. */
  readonly more: boolean;
  /** When the first of all stored jobs of the group failed. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** The job that failed last. */
  readonly lastJobId: string;
}

export interface ErrorGroupReads {
  /**
   * Returns up to `limit` groups of which a job failed after `since` and has not been retried, the
   * last seen first.
   */
  errorGroups(request: { since: number; limit: number }): Promise<readonly StoredErrorGroup[]>;
}
