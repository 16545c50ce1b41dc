import type { JobWebhook } from "../../../ports/store/webhooks.ts";
import { SELECT_OWN, toJobWebhook, type OwnRow } from "../../shared/own-webhook.ts";
import type { Query } from "../reader.ts";

/** Reads the webhook that was given with a job or a batch. */
export async function readOwnWebhook(
  query: Query,
  owner: "job" | "batch",
  seq: number,
): Promise<JobWebhook | null> {
  const [row] = await query<OwnRow>(`${SELECT_OWN} WHERE ${owner} = $1`, [seq]);
  return row === undefined ? null : toJobWebhook(row);
}
