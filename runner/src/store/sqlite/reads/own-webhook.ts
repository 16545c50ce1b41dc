import type { DatabaseSync } from "node:sqlite";
import type { JobWebhook } from "../../../ports/store/webhooks.ts";
import { SELECT_OWN, toJobWebhook, type OwnRow } from "../../shared/own-webhook.ts";
import { prepare } from "../statement.ts";

/** Reads the webhook that was given with a job or a batch. */
export function prepareReadOwnWebhook(
  db: DatabaseSync,
  owner: "job" | "batch",
): (seq: number) => JobWebhook | null {
  const find = prepare<OwnRow>(db, `${SELECT_OWN} WHERE ${owner} = ?`);
  return (seq) => {
    const row = find.get(seq);
    return row === undefined ? null : toJobWebhook(row);
  };
}
