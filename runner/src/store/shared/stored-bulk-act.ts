import type { BulkActName, BulkError, BulkState } from "../../domain/bulk-act.ts";
import type { BulkPosition, StoredBulkAct } from "../../ports/store/bulk-acts.ts";
import type { JobFilter } from "../../ports/store/jobs.ts";

export interface BulkActRow {
  readonly seq: number;
  readonly id: string;
  readonly act: BulkActName;
  readonly dry_run: 0 | 1 | boolean;
  readonly requested_by: string | null;
  readonly filter: string | null;
  readonly state: BulkState;
  readonly phase: BulkPosition["phase"];
  readonly cursor: string | null;
  readonly pending: string;
  readonly matched: number;
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly errors: string;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly lease_owner: string | null;
}

export function toStoredBulkAct(row: BulkActRow): StoredBulkAct {
  return {
    id: row.id,
    act: row.act,
    dryRun: Boolean(row.dry_run),
    by: row.requested_by,
    filter: row.filter === null ? null : (JSON.parse(row.filter) as JobFilter),
    state: row.state,
    phase: row.phase,
    cursor: row.cursor,
    pending: JSON.parse(row.pending) as string[],
    matched: row.matched,
    done: row.done,
    skipped: row.skipped,
    failed: row.failed,
    errors: JSON.parse(row.errors) as BulkError[],
    createdAt: row.created_at,
    endedAt: row.ended_at,
    owner: row.lease_owner,
  };
}
