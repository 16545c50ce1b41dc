import type { DatabaseSync } from "node:sqlite";
import type { ErrorGroup } from "../../../domain/error-group.ts";
import { prepare } from "../statement.ts";

/** Returns the key of the group in which a job has just failed. Stores a group that is new. */
export function prepareFindErrorGroup(
  db: DatabaseSync,
): (group: ErrorGroup, failedAt: number) => number {
  const upsert = prepare<{ id: number }>(
    db,
    `INSERT INTO error_groups (plugin, code, message, last_seen_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (plugin, code, message)
       DO UPDATE SET last_seen_at = max(last_seen_at, excluded.last_seen_at)
     RETURNING id`,
  );
  return ({ plugin, code, message }, failedAt) =>
    upsert.get(plugin, code, message, failedAt)?.id ?? 0;
}
