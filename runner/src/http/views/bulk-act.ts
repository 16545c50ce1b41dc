import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { StoredBulkAct } from "../../ports/store/bulk-acts.ts";
import type { BulkAct } from "../contract/bulk-acts.ts";
import { instantText, jsonFields } from "./json-fields.ts";

export function bulkActText(bulk: StoredBulkAct): JsonText {
  return jsonFields<BulkAct>({
    id: toJsonText(bulk.id),
    act: toJsonText(bulk.act),
    dryRun: toJsonText(bulk.dryRun),
    token: toJsonText(bulk.by),
    state: toJsonText(bulk.state),
    matched: toJsonText(bulk.matched),
    done: toJsonText(bulk.done),
    skipped: toJsonText(bulk.skipped),
    failed: toJsonText(bulk.failed),
    errors: toJsonText(bulk.errors),
    createdAt: instantText(bulk.createdAt),
    endedAt: instantText(bulk.endedAt),
  });
}
