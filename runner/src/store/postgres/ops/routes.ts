/** Routes of events to persistent webhooks: a row for each kind and plugin that a webhook wants. */
import { EVENT_KINDS } from "../../../domain/event.ts";
import type { StoredWebhook } from "../../../ports/store/webhooks.ts";
import type { Transaction } from "../transaction.ts";

/** Stands for any plugin or any job name in a route. */
const ANY = "";

/** Replaces a webhook's routes. A webhook that is off has none. */
export async function setRoutes(
  tx: Transaction,
  webhook: number,
  { on, plugins, jobName, state }: Pick<StoredWebhook, "on" | "plugins" | "jobName" | "state">,
): Promise<void> {
  await tx.query(`DELETE FROM webhook_routes WHERE webhook = $1`, [webhook]);
  if (state === "off") return;
  await tx.query(
    `INSERT INTO webhook_routes (kind, plugin, job_name, webhook)
     SELECT kind, plugin, $3, $4 FROM unnest($1::text[]) AS kind CROSS JOIN unnest($2::text[]) AS plugin`,
    [[...new Set(on ?? EVENT_KINDS)], [...new Set(plugins ?? [ANY])], jobName ?? ANY, webhook],
  );
}
