import { hasEnded } from "../../../domain/job.ts";
import type { Operation } from "../change.ts";
import { endScheduledJob } from "./end-scheduled-job.ts";
import { retryStep } from "./retry-step.ts";
import { addVacancy } from "./limits.ts";
import { insertFiles } from "./files.ts";

/**
 * One statement: the job, its step, its events, and a delivery of each event to every webhook that
 * wants it. It changes nothing unless the job's row matches the claim. The row was locked before, so
 * what the statement sees of the job's deliveries is current.
 *
 * A delivery is due if none with its ordering key is open, and it is the first with it here: the
 * statement does not see its own rows.
 */
const COMMIT = `WITH moved AS (
    UPDATE jobs SET sequence = $4, completed_steps = completed_steps + $6::integer,
      step_attempts = CASE WHEN $6::integer = 1 THEN 1 ELSE step_attempts END,
      failed_attempts = CASE WHEN $6::integer = 1 THEN 0 ELSE failed_attempts END,
      failed_ms = CASE WHEN $6::integer = 1 THEN 0 ELSE failed_ms END,
      status = $5, ended_at = $7, failure_code = $8, failure_message = $9, error_group = $10,
      lease_owner = CASE WHEN $7::bigint IS NULL THEN lease_owner END,
      lease_until = CASE WHEN $7::bigint IS NULL THEN lease_until END,
      waiting_kind = CASE WHEN $7::bigint IS NULL THEN waiting_kind END,
      waiting_on = CASE WHEN $7::bigint IS NULL THEN waiting_on END,
      waiting_since = CASE WHEN $7::bigint IS NULL THEN waiting_since END
    WHERE id = $1 AND fence = $2 AND lease_owner IS NOT DISTINCT FROM $3 AND ended_at IS NULL
      AND sequence = $4 - cardinality($11::integer[])
    RETURNING seq, name, plugin_set, limit_name, limit_key
  ), step AS (
    INSERT INTO steps (job, position, plugin, status, started_at, ended_at, failure_code,
      failure_message, metrics, output)
    SELECT seq, $15, $16, $17, $18, $19, $20, $21, $22, $23 FROM moved WHERE $15::integer IS NOT NULL
  ), member AS (
    UPDATE batch_jobs SET state = $5 FROM moved
    WHERE batch_jobs.job = moved.seq AND $7::bigint IS NOT NULL
  ), emitted AS MATERIALIZED (
    SELECT seq AS job, coalesce(name, '') AS name, plugin_set, sequence, kind, at, body
    FROM moved CROSS JOIN unnest($11::integer[], $12::text[], $13::bigint[], $14::text[])
      AS event (sequence, kind, at, body)
  ), event AS (
    INSERT INTO events (job, sequence, kind, at, body)
    SELECT job, sequence, kind, at, body FROM emitted
  ), receiver AS (
    SELECT emitted.job, sequence, at, webhooks.seq AS webhook, destination
    FROM emitted JOIN webhooks ON webhooks.job = emitted.job
    WHERE kinds IS NULL OR position('"' || kind || '"' IN kinds) > 0
    UNION
    SELECT emitted.job, sequence, at, webhooks.seq, destination
    FROM emitted
      CROSS JOIN LATERAL (
        SELECT plugin FROM plugin_set_members WHERE plugin_set = emitted.plugin_set
        UNION ALL SELECT ''
      ) AS plugins
      JOIN webhook_routes ON webhook_routes.kind = emitted.kind
        AND webhook_routes.plugin = plugins.plugin
        AND webhook_routes.job_name = ANY (ARRAY['', emitted.name])
      JOIN persistent_webhooks ON persistent_webhooks.webhook = webhook_routes.webhook
      JOIN webhooks ON webhooks.seq = webhook_routes.webhook
    WHERE expires_at IS NULL OR at < expires_at
  ), placed AS (
    SELECT *, row_number() OVER (PARTITION BY job, webhook ORDER BY sequence) = 1 AND NOT EXISTS (
        SELECT 1 FROM deliveries
        WHERE deliveries.job = receiver.job AND deliveries.webhook = receiver.webhook
          AND state IN ('waiting', 'due')
      ) AS is_first
    FROM receiver
  ), delivery AS (
    INSERT INTO deliveries (job, webhook, destination, sequence, state, due_at, created_at)
    SELECT job, webhook, destination, sequence, CASE WHEN is_first THEN 'due' ELSE 'waiting' END,
      CASE WHEN is_first THEN at END, at
    FROM placed ORDER BY sequence, webhook
    RETURNING state
  )
  SELECT seq AS job, (SELECT count(*) FROM delivery WHERE state = 'due') AS due,
    (SELECT count(*) FROM delivery WHERE state = 'waiting') AS waiting,
    limit_name AS "limit", limit_key AS key
  FROM moved`;

interface Stored {
  readonly job: number;
  readonly due: number;
  readonly waiting: number;
  readonly limit: string | null;
  readonly key: string | null;
}

export const commitTransition: Operation<"commitTransition"> = async (tx, claim, transition) => {
  if (transition.status === "queued") return retryStep(tx, claim, transition);
  const { status, sequence, step, endedAt, failure, errorGroup, events, files = [] } = transition;
  const [stored] = await tx.query<Stored>(COMMIT, [
    claim.jobId,
    claim.fence,
    claim.owner,
    sequence,
    status,
    step?.status === "completed" ? 1 : 0,
    endedAt ?? null,
    failure?.code ?? null,
    failure?.message ?? null,
    errorGroup === undefined ? null : tx.errorGroup(errorGroup),
    events.map((event) => event.sequence),
    events.map((event) => event.kind),
    events.map((event) => event.at),
    events.map((event) => event.body),
    step?.index ?? null,
    step?.plugin ?? null,
    step?.status ?? null,
    step?.startedAt ?? null,
    step?.endedAt ?? null,
    step?.failure?.code ?? null,
    step?.failure?.message ?? null,
    step === undefined || step.metrics === null ? null : JSON.stringify(step.metrics),
    step?.output ?? null,
  ]);
  if (stored === undefined) return false;
  await insertFiles(
    tx,
    files.map((file) => ({ ...file, expiresAt: null })),
    stored.job,
  );
  tx.count({ kind: "delivery", state: "due" }, stored.due);
  tx.count({ kind: "delivery", state: "waiting" }, stored.waiting);
  if (hasEnded(status)) {
    if (stored.limit !== null) {
      await addVacancy(tx, { name: stored.limit, key: stored.key ?? "" });
    }
    await endScheduledJob(tx, claim.jobId, transition);
    // A job that nobody has claimed is queued.
    tx.count({ kind: "job", state: claim.owner === null ? "queued" : "running" }, -1);
    tx.count({ kind: "job", state: status }, 1);
  }
  return true;
};
