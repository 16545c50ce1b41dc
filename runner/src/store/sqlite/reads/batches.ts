import type { DatabaseSync } from "node:sqlite";
import type { BatchSummary } from "../../../ports/store/batches.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";

interface Row {
  readonly seq: number;
  readonly id: string;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly jobs: number;
  readonly completed_jobs: number;
  readonly failed_jobs: number;
}

export function prepareReadBatches(db: DatabaseSync): StoreReads["batches"] {
  const find = prepare<Row>(
    db,
    `SELECT seq, id, created_at, ended_at, jobs, completed_jobs, failed_jobs FROM batches
     WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
  );
  return async ({ limit, cursor }) => {
    const [before = Number.MAX_SAFE_INTEGER] = cursor === null ? [] : parseCursor(cursor);
    // One row more than requested shows whether there is a next page.
    const rows = find.all(before, limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const hasMore = rows.length > limit && last !== undefined;
    return { items: items.map(toSummary), nextCursor: hasMore ? toCursor(last.seq) : null };
  };
}

function toSummary(row: Row): BatchSummary {
  return {
    id: row.id,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    total: row.jobs,
    completed: row.completed_jobs,
    failed: row.failed_jobs,
  };
}
