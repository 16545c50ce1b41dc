/** Routes of events to persistent webhooks: a row for each kind and plugin that a webhook wants. */
import type { DatabaseSync } from "node:sqlite";
import { EVENT_KINDS, type JobEvent } from "../../../domain/event.ts";
import type { StoredWebhook } from "../../../ports/store/webhooks.ts";
import { prepare } from "../statement.ts";

/** Stands for any plugin or any job name in a route. */
const ANY = "";

/** Replaces a webhook's routes. A webhook that is off has none. */
export function prepareSetRoutes(
  db: DatabaseSync,
): (webhook: number, filter: Pick<StoredWebhook, "on" | "plugins" | "jobName" | "state">) => void {
  const clear = prepare(db, `DELETE FROM webhook_routes WHERE webhook = ?`);
  const insert = prepare(
    db,
    `INSERT INTO webhook_routes (kind, plugin, job_name, webhook) VALUES (?, ?, ?, ?)`,
  );
  return (webhook, { on, plugins, jobName, state }) => {
    clear.run(webhook);
    if (state === "off") return;
    for (const kind of new Set(on ?? EVENT_KINDS)) {
      for (const plugin of new Set(plugins ?? [ANY])) {
        insert.run(kind, plugin, jobName ?? ANY, webhook);
      }
    }
  };
}

/** A webhook that wants an event. */
export interface Receiver {
  readonly seq: number;
  readonly destination: number;
}

/** Returns the persistent webhooks that want a job's event, each once. */
export function prepareFindReceivers(
  db: DatabaseSync,
): (job: number, event: Pick<JobEvent, "kind" | "at">) => Iterable<Receiver> {
  const hasRoutes = prepare(db, `SELECT 1 FROM webhook_routes LIMIT 1`);
  const findJob = prepare<{ name: string | null; plugin_names: string }>(
    db,
    `SELECT name, plugin_names FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE seq = ?`,
  );
  const findRoutes = prepare<Receiver & { readonly expires_at: number | null }>(
    db,
    `SELECT webhooks.seq, destination, expires_at
     FROM webhook_routes
       CROSS JOIN persistent_webhooks ON persistent_webhooks.webhook = webhook_routes.webhook
       CROSS JOIN webhooks ON webhooks.seq = webhook_routes.webhook
     WHERE kind = ? AND plugin = ? AND webhook_routes.job_name = ?`,
  );

  return (job, { kind, at }) => {
    if (hasRoutes.get() === undefined) return [];
    const { name, plugin_names: names } = findJob.get(job) ?? { name: null, plugin_names: "[]" };
    const plugins = new Set([ANY, ...(JSON.parse(names) as string[])]);
    const jobNames = name === null ? [ANY] : [ANY, name];
    const found = new Map<number, Receiver>();
    for (const plugin of plugins) {
      for (const jobName of jobNames) {
        for (const receiver of findRoutes.all(kind, plugin, jobName)) {
          if (at < (receiver.expires_at ?? Infinity)) found.set(receiver.seq, receiver);
        }
      }
    }
    return found.values();
  };
}
