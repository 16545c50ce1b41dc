import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import { toJobState, type StateRow } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";

export function prepareReadJobState(db: DatabaseSync): StoreReads["jobState"] {
  const find = prepare<StateRow>(
    db,
    `SELECT status, fence, lease_owner AS owner, ended_at, payloads_removed_at,
         trace_context FROM jobs WHERE id = ?`,
  );
  return async (id) => {
    const row = find.get(id);
    return row === undefined ? null : toJobState(row);
  };
}
