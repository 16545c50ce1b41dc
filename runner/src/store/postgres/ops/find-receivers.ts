import type { JobEvent } from "../../../domain/event.ts";
import type { PlacedRow } from "../gather-rows.ts";
import type { Transaction } from "../transaction.ts";
import { PERSISTENT, TARGET_COLUMNS, type TargetColumns } from "./delivery-target.ts";
import { isFree } from "./is-free.ts";

/**
 * The job's own webhook, and the persistent ones with a route. The job's row was locked before, so what
 * the statement sees of the job's deliveries is current.
 */
const FIND = `SELECT place, webhooks.seq AS webhook, webhooks.destination, ${TARGET_COLUMNS},
    EXISTS (
      SELECT 1 FROM deliveries
      WHERE deliveries.job = receiver.job AND deliveries.webhook = receiver.webhook
        AND state IN ('waiting', 'due')
    ) AS is_blocked,
    coalesce(${isFree("receiver.now")}, false) AS is_free
  FROM (
      SELECT place, event.job, event.now, webhooks.seq AS webhook
      FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
          AS event (job, kind, at, now, place)
        JOIN webhooks ON webhooks.job = event.job
      WHERE kinds IS NULL OR position('"' || kind || '"' IN kinds) > 0
      UNION
      SELECT place, event.job, event.now, webhooks.seq
      FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
          AS event (job, kind, at, now, place)
        JOIN jobs ON jobs.seq = event.job
        CROSS JOIN LATERAL (
          SELECT plugin FROM plugin_set_members WHERE plugin_set = jobs.plugin_set
          UNION ALL SELECT ''
        ) AS plugins
        JOIN webhook_routes ON webhook_routes.kind = event.kind
          AND webhook_routes.plugin = plugins.plugin
          AND webhook_routes.job_name = ANY (ARRAY['', coalesce(jobs.name, '')])
        JOIN persistent_webhooks ON persistent_webhooks.webhook = webhook_routes.webhook
        JOIN webhooks ON webhooks.seq = webhook_routes.webhook
      WHERE expires_at IS NULL OR at < expires_at
    ) AS receiver
    JOIN webhooks ON webhooks.seq = receiver.webhook
    JOIN destinations ON destinations.id = webhooks.destination
    ${PERSISTENT}`;

/** A webhook that wants an event. */
export interface Receiver extends PlacedRow, TargetColumns {
  readonly webhook: number;
  readonly destination: number;
  /** Whether an earlier delivery with the same ordering key is open. */
  readonly is_blocked: boolean;
  /** Whether a delivery that becomes due would be the next one of its destination to be claimed. */
  readonly is_free: boolean;
}

/** Returns who gets an event. Without `now`, no delivery of it can be handed over. */
export async function findReceivers(
  tx: Transaction,
  { job, event: { kind, at } }: { readonly job: number; readonly event: JobEvent },
  now: number | null,
): Promise<Receiver[]> {
  const found = await tx.rows<Receiver>(FIND, [job, kind, at, now]);
  return found.toSorted((a, b) => a.webhook - b.webhook);
}
