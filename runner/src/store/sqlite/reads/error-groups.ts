import { setImmediate } from "node:timers/promises";
import type { DatabaseSync } from "node:sqlite";
import type { FailureCode } from "../../../domain/errors.ts";
import type { StoredErrorGroup } from "../../../ports/store/error-groups.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { toErrorGroupId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";

/** Jobs that are counted in one group, in 0.1 ms. */
const MAX_COUNT = 1_000;
/** Groups that are looked at. The jobs of some were retried or deleted. */
const MAX_GROUPS = 500;
/** Groups read before the event loop runs again: at most 2 ms. */
const GROUPS_PER_SLICE = 20;

interface GroupRow {
  readonly id: number;
  readonly plugin: string;
  readonly code: FailureCode;
  readonly message: string;
}

export function prepareReadErrorGroups(db: DatabaseSync): StoreReads["errorGroups"] {
  const findGroups = prepare<GroupRow>(
    db,
    `SELECT id, plugin, code, message FROM error_groups INDEXED BY error_groups_by_last_seen
     WHERE last_seen_at > ? ORDER BY last_seen_at DESC, id DESC LIMIT ?`,
  );
  const count = prepare<{ count: number }>(
    db,
    `SELECT count(*) AS count FROM (
       SELECT 1 FROM jobs INDEXED BY jobs_by_last_error
       WHERE error_group = ? AND ended_at > ? LIMIT ${MAX_COUNT + 1}
     )`,
  );
  const findFirst = prepare<{ at: number }>(
    db,
    `SELECT ended_at AS at FROM jobs INDEXED BY jobs_by_last_error
     WHERE error_group = ? ORDER BY ended_at LIMIT 1`,
  );
  const findLast = prepare<{ at: number; id: string }>(
    db,
    `SELECT ended_at AS at, id FROM jobs INDEXED BY jobs_by_last_error
     WHERE error_group = ? ORDER BY ended_at DESC LIMIT 1`,
  );

  function toGroup(row: GroupRow, since: number): StoredErrorGroup | null {
    const first = findFirst.get(row.id);
    const last = findLast.get(row.id);
    if (first === undefined || last === undefined || last.at <= since) return null;
    const counted = count.get(row.id, since)?.count ?? 0;
    return {
      id: toErrorGroupId(row.id),
      plugin: row.plugin,
      code: row.code,
      message: row.message,
      count: Math.min(MAX_COUNT, counted),
      more: counted > MAX_COUNT,
      firstSeenAt: first.at,
      lastSeenAt: last.at,
      lastJobId: last.id,
    };
  }

  return async ({ since, limit }) => {
    const groups: StoredErrorGroup[] = [];
    for (const [index, row] of findGroups.all(since, MAX_GROUPS).entries()) {
      if (index > 0 && index % GROUPS_PER_SLICE === 0) await setImmediate();
      const group = toGroup(row, since);
      if (group !== null) groups.push(group);
      if (groups.length === limit) break;
    }
    return groups;
  };
}
