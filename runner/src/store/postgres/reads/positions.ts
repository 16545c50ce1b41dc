import type { BatchPosition, JobPosition } from "../../../ports/store/positions.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import type { Query } from "../reader.ts";

const FIND_JOBS = `SELECT 'job' AS kind, id, status, fence, lease_owner AS owner, sequence,
    coalesce(
      (SELECT logs.id FROM logs WHERE job = jobs.seq ORDER BY logs.id DESC LIMIT 1), 0
    ) AS "lastLog"
  FROM jobs WHERE id = ANY ($1::text[])`;

const FIND_BATCHES = `SELECT 'batch' AS kind, id, ended_at AS "endedAt"
  FROM batches WHERE id = ANY ($1::text[])`;

export function createReadPositions(query: Query): StoreReads["positions"] {
  return async (ids) => {
    if (ids.length === 0) return [];
    const [jobs, batches] = await Promise.all([
      query<JobPosition>(FIND_JOBS, [ids]),
      query<BatchPosition>(FIND_BATCHES, [ids]),
    ]);
    return [...jobs, ...batches];
  };
}
