import type { DatabaseSync } from "node:sqlite";
import { wants } from "../../../domain/delivery.ts";
import type { JobEvent } from "../../../domain/event.ts";
import { toKinds } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareLanes } from "./lanes.ts";
import { prepareLine } from "./line.ts";

interface Receiver {
  readonly seq: number;
  readonly lane: number;
  readonly kinds: string | null;
  /** From then on no event goes to it. */
  readonly expires_at: number | null;
}

/** Stores events of a job and the deliveries of each to every webhook that wants it. */
export function prepareEmitEvents(
  db: DatabaseSync,
): (job: number, events: readonly JobEvent[]) => void {
  const insertEvent = prepare(
    db,
    `INSERT INTO events (job, sequence, kind, at, body) VALUES (?, ?, ?, ?, ?)`,
  );
  const findOwn = prepare<Receiver>(
    db,
    `SELECT seq, lane, kinds, NULL AS expires_at FROM webhooks WHERE job = ?`,
  );
  const findRouted = prepareFindRouted(db);
  const insertDelivery = prepare(
    db,
    `INSERT INTO deliveries (job, webhook, lane, sequence, state, due_at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const lanes = prepareLanes(db);
  const line = prepareLine(db, lanes);

  function deliver(job: number, { seq: webhook, lane }: Receiver, events: JobEvent[]): void {
    let isFirst = !line.isHeld({ job, webhook });
    for (const { sequence, at } of events) {
      const state = isFirst ? "due" : "waiting";
      insertDelivery.run(job, webhook, lane, sequence, state, isFirst ? at : null, at);
      if (isFirst) lanes.readyFrom(lane, at);
      isFirst = false;
    }
  }

  return (job, events) => {
    for (const { sequence, kind, at, body } of events) {
      insertEvent.run(job, sequence, kind, at, body);
    }
    for (const receiver of [...findOwn.all(job), ...findRouted(job)]) {
      const kinds = toKinds(receiver.kinds);
      const expiresAt = receiver.expires_at ?? Infinity;
      const wanted = events.filter(({ kind, at }) => wants(kinds, kind) && at < expiresAt);
      if (wanted.length > 0) deliver(job, receiver, wanted);
    }
  };
}

/** Persistent webhooks that a job's plugins and name lead to, each once, in no order. */
function prepareFindRouted(db: DatabaseSync): (job: number) => Iterable<Receiver> {
  const hasRoutes = prepare(db, `SELECT 1 FROM webhook_routes LIMIT 1`);
  const findJob = prepare<{ name: string | null; plugin_names: string }>(
    db,
    `SELECT name, plugin_names FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE seq = ?`,
  );
  const findRoute = prepare<Receiver>(
    db,
    `SELECT webhooks.seq, lane, kinds, expires_at
     FROM webhook_routes
       CROSS JOIN persistent_webhooks ON persistent_webhooks.webhook = webhook_routes.webhook
       CROSS JOIN webhooks ON webhooks.seq = webhook_routes.webhook
     WHERE plugin = ? AND webhook_routes.job_name = ? AND state <> 'off'`,
  );

  return (job) => {
    if (hasRoutes.get() === undefined) return [];
    const { name, plugin_names: names } = findJob.get(job) ?? { name: null, plugin_names: "[]" };
    const plugins = new Set(["", ...(JSON.parse(names) as string[])]);
    const jobNames = name === null ? [""] : ["", name];
    const found = new Map<number, Receiver>();
    for (const plugin of plugins) {
      for (const jobName of jobNames) {
        for (const receiver of findRoute.all(plugin, jobName)) found.set(receiver.seq, receiver);
      }
    }
    return found.values();
  };
}
