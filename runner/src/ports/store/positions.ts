import type { JobStatus } from "../../domain/job-spec.ts";

/** How far a job is, without its texts. */
export interface JobPosition {
  readonly kind: "job";
  readonly id: string;
  readonly status: JobStatus;
  readonly fence: number;
  readonly owner: string | null;
  /** The number of its last event; 0 before the first. */
  readonly sequence: number;
  /** The number of its last log line; 0 before the first. */
  readonly lastLog: number;
}

export interface BatchPosition {
  readonly kind: "batch";
  readonly id: string;
  /** When its callback was stored; null until then. */
  readonly endedAt: number | null;
}

export interface PositionReads {
  /**
   * Returns how far each of these jobs and batches is, in any order and without those that do not
   * exist. Daemons read it twice a second, with a few hundred ids.
   */
  positions(ids: readonly string[]): Promise<readonly (JobPosition | BatchPosition)[]>;
}
