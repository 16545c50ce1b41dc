/** One act on many jobs. Pure. */
import type { JobStatus } from "./job-spec.ts";
import type { Scope } from "./scope.ts";

export const BULK_ACTS = ["cancel", "retry", "retry-from-start", "delete", "redeliver"] as const;
export type BulkActName = (typeof BULK_ACTS)[number];

export const BULK_STATES = ["running", "done", "aborted", "failed"] as const;
export type BulkState = (typeof BULK_STATES)[number];

/** The most ids in one request. A filter has no limit. */
export const MAX_BULK_IDS = 1_000;
/** Bulk acts that run at once. */
export const MAX_RUNNING_BULK_ACTS = 5;
const MAX_ERRORS = 10;

export interface BulkError {
  readonly jobId: string;
  readonly code: string;
  readonly message: string;
}

export interface BulkCounts {
  /** Jobs that match. Grows while they are counted. */
  readonly matched: number;
  readonly done: number;
  /** Jobs on which the act is not possible, such as a retry of a job that was retried meanwhile. */
  readonly skipped: number;
  readonly failed: number;
  /** The first of the jobs that were skipped or failed. */
  readonly errors: readonly BulkError[];
}

/** What the act did to one job. */
export type BulkOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "skipped" | "failed"; readonly error: BulkError };

/** The states in which a job can be acted on. Others do not match. */
export const ACTS_ON: Readonly<Record<BulkActName, readonly JobStatus[]>> = {
  cancel: ["queued", "running"],
  retry: ["failed"],
  "retry-from-start": ["failed"],
  delete: ["completed", "failed"],
  redeliver: ["queued", "running", "completed", "failed"],
};

/** The scope that the act needs, as when it is done to one job. */
export const BULK_SCOPE: Readonly<Record<BulkActName, Scope>> = {
  cancel: "run",
  retry: "run",
  "retry-from-start": "run",
  delete: "admin",
  redeliver: "admin",
};

export function addOutcomes(counts: BulkCounts, outcomes: readonly BulkOutcome[]): BulkCounts {
  const count = (kind: BulkOutcome["kind"]): number =>
    outcomes.filter((outcome) => outcome.kind === kind).length;
  const errors = outcomes.flatMap((outcome) => (outcome.kind === "done" ? [] : [outcome.error]));
  return {
    matched: counts.matched,
    done: counts.done + count("done"),
    skipped: counts.skipped + count("skipped"),
    failed: counts.failed + count("failed"),
    errors: [...counts.errors, ...errors].slice(0, MAX_ERRORS),
  };
}
