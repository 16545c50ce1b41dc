import type { FailureCode } from "../../../domain/errors.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { toErrorGroupId } from "../../shared/rows.ts";
import type { Query } from "../reader.ts";

/** Jobs that are counted in one group. */
const MAX_COUNT = 1_000;
/** Groups that are looked at. The jobs of some were retried or deleted. */
const MAX_GROUPS = 500;

interface GroupRow {
  readonly id: number;
  readonly plugin: string;
  readonly code: FailureCode;
  readonly message: string;
  readonly counted: number;
  readonly first_at: number;
  readonly last_at: number;
  readonly last_id: string;
}

const FIND = `WITH seen AS MATERIALIZED (
    SELECT id, plugin, code, message, last_seen_at FROM error_groups WHERE last_seen_at > $1
    ORDER BY last_seen_at DESC, id DESC LIMIT ${MAX_GROUPS}
  )
  SELECT seen.id, plugin, code, message, last.id AS last_id, last.ended_at AS last_at,
    (SELECT ended_at FROM jobs WHERE error_group = seen.id
      ORDER BY ended_at, seq LIMIT 1) AS first_at,
    (SELECT count(*) FROM (
      SELECT 1 FROM jobs WHERE error_group = seen.id AND ended_at > $1
      LIMIT ${MAX_COUNT + 1}) AS counted) AS counted
  FROM seen CROSS JOIN LATERAL (
    SELECT id, ended_at FROM jobs WHERE error_group = seen.id
    ORDER BY ended_at DESC, seq DESC LIMIT 1
  ) AS last
  WHERE last.ended_at > $1
  ORDER BY last_seen_at DESC, seen.id DESC LIMIT $2`;

export function createReadErrorGroups(query: Query): StoreReads["errorGroups"] {
  return async ({ since, limit }) => {
    const rows = await query<GroupRow>(FIND, [since, limit]);
    return rows.map((row) => ({
      id: toErrorGroupId(row.id),
      plugin: row.plugin,
      code: row.code,
      message: row.message,
      count: Math.min(MAX_COUNT, row.counted),
      more: row.counted > MAX_COUNT,
      firstSeenAt: row.first_at,
      lastSeenAt: row.last_at,
      lastJobId: row.last_id,
    }));
  };
}
