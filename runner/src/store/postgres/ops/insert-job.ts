/** Stores a new job, with what belongs to it. The jobs of a write group share the statements. */
import { pluginNames } from "../../../domain/job.ts";
import { toTraceText } from "../../../domain/trace-context.ts";
import type { NewJob } from "../../../ports/store/jobs.ts";
import type { Lease } from "../../shared/hand-over.ts";
import { toLimitColumns } from "../../shared/limit-columns.ts";
import type { PlacedRow } from "../gather-rows.ts";
import { together } from "../together.ts";
import type { Transaction, Turn } from "../transaction.ts";
import { findOrCreateDestination } from "./destinations.ts";
import { holdFiles } from "./files.ts";
import { insertWebhookTo } from "./insert-webhook.ts";
import { giveKey } from "./job-keys.ts";
import { addVacancy, ensureLimits } from "./limits.ts";
import { findPluginSet, type KnownPluginSets } from "./plugin-set.ts";

/** Whoever waits for a claim has precedence over a job that is handed over. */
const NUMBER = `SELECT place, nextval('jobs_seq_seq') AS seq, EXISTS (
      SELECT 1 FROM jobs
      WHERE status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NULL
    ) AS is_other_ready
  FROM unnest($1::text[]) WITH ORDINALITY AS new (id, place)`;

const INSERT = `INSERT INTO jobs (seq, id, name, status, priority, run_at, due, created_at, started_at,
    fence, step_attempts, lease_owner, lease_until, plugin_set, limits, limit_name, limit_key,
    blocked_since, trace_context)
  OVERRIDING SYSTEM VALUE
  SELECT seq, id, name, CASE WHEN owner IS NULL THEN 'queued' ELSE 'running' END, priority, run_at,
    due, created_at, CASE WHEN owner IS NOT NULL THEN created_at END, attempts, attempts, owner,
    until, plugin_set, limits, limit_name, limit_key, blocked_since, trace_context
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::boolean[],
      $7::bigint[], $8::integer[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::text[],
      $14::text[], $15::bigint[], $16::text[])
    AS given (seq, id, name, priority, run_at, due, created_at, attempts, owner, until, plugin_set,
      limits, limit_name, limit_key, blocked_since, trace_context)`;

/** An array cannot have arrays of different lengths, so the names are JSON. */
const INSERT_SPEC = `INSERT INTO job_specs (job, plugin_names, timeout_ms, plugins, metadata, input,
    retry, schedule)
  SELECT job, ARRAY(SELECT json_array_elements_text(names::json)), timeout_ms, plugins, metadata,
    input, retry, schedule
  FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
      $8::text[])
    AS given (job, names, timeout_ms, plugins, metadata, input, retry, schedule)`;

/** What a job without a webhook needs. */
const NOTHING = Promise.resolve(0);

interface Numbered extends PlacedRow {
  readonly seq: number;
  readonly is_other_ready: boolean;
}

export interface InsertOptions {
  readonly known: KnownPluginSets;
  readonly turn?: Turn;
  /** The claim under which the job is handed over, if no other job is ready. */
  readonly lease?: Lease | undefined;
  /** The job that had its key before, and has it no more. */
  readonly lastWithKey?: number | undefined;
}

/** Returns whether the job was handed over: it is running. Otherwise it is queued. */
export async function insertJob(
  tx: Transaction,
  job: NewJob,
  { known, turn, lease, lastWithKey }: InsertOptions,
): Promise<boolean> {
  const { webhook } = job;
  const [numbered, destination, set] = await together([
    numberInTurn(tx, job.id, turn),
    webhook === null ? NOTHING : findOrCreateDestination(tx, webhook.destination),
    findPluginSet(tx, known, pluginNames(job)),
  ]);
  if (numbered === undefined) return false;
  const { seq } = numbered;
  const isReady = job.runAt <= job.createdAt && (job.limits?.[0] ?? null) === null;
  const isHandedOver =
    lease !== undefined && isReady && !numbered.is_other_ready && !tx.hasNewReady();
  if (isReady && !isHandedOver) tx.addReady();
  tx.count({ kind: "job", state: isHandedOver ? "running" : "queued" }, 1);
  await together([
    insertRow(tx, job, { seq, set, lease: isHandedOver ? lease : undefined }),
    insertSpec(tx, seq, job),
    webhook === null ? NOTHING : insertWebhookTo(tx, webhook, { destination, job: seq }),
  ]);
  await insertRest(tx, job, { seq, lastWithKey });
  return isHandedOver;
}

/** The numbers have the order of the turns. */
async function numberInTurn(
  tx: Transaction,
  id: string,
  turn: Turn | undefined,
): Promise<Numbered | undefined> {
  await turn?.ready;
  const numbering = tx.row<Numbered>(NUMBER, [id]);
  turn?.done();
  return numbering;
}

async function insertRow(
  tx: Transaction,
  job: NewJob,
  {
    seq,
    set,
    lease,
  }: { readonly seq: number; readonly set: number; readonly lease: Lease | undefined },
): Promise<void> {
  const { id, name, priority, runAt, createdAt } = job;
  const limit = toLimitColumns(job);
  await tx.row(INSERT, [
    seq,
    id,
    name,
    priority,
    runAt,
    runAt <= createdAt,
    createdAt,
    lease === undefined ? 0 : 1,
    lease?.owner ?? null,
    lease?.until ?? null,
    set,
    limit.limits,
    limit.name,
    limit.key,
    limit.blockedSince,
    job.trace === undefined ? null : toTraceText(job.trace),
  ]);
  if (job.declaredLimits !== undefined) await ensureLimits(tx, job.declaredLimits);
  if (limit.name !== null) await addVacancy(tx, { name: limit.name, key: limit.key ?? "" });
}

async function insertSpec(tx: Transaction, seq: number, job: NewJob): Promise<void> {
  await tx.row(INSERT_SPEC, [
    seq,
    JSON.stringify(pluginNames(job)),
    job.timeoutMs,
    JSON.stringify(job.plugins),
    job.metadata,
    job.input,
    job.retry === undefined ? null : JSON.stringify(job.retry),
    job.schedule === undefined ? null : JSON.stringify(job.schedule),
  ]);
}

/** What most jobs do not have. */
async function insertRest(
  tx: Transaction,
  job: NewJob,
  { seq, lastWithKey }: { readonly seq: number; readonly lastWithKey: number | undefined },
): Promise<void> {
  await holdFiles(tx, seq, job.files ?? []);
  if (job.key !== undefined) await giveKey(tx, seq, { ...job.key, last: lastWithKey });
  if (job.tags !== undefined) {
    await tx.query(
      `INSERT INTO job_tags (tag, created_at, job) SELECT tag, $2, $3 FROM unnest($1::text[]) AS tag`,
      [job.tags, job.createdAt, seq],
    );
  }
}
