/**
 * What an export contains, for both stores. Not in it is what a store keeps for its own use and can be made
 * from the rest (counts, due times of destinations), and the daemons that are up. A change of this list
 * raises `FORMAT`.
 */

/** An import refuses a file with a larger number. What an earlier one lacks has its default in the database. */
export const FORMAT = 1;

/**
 * `names` is a list of names, as JSON. `lease` is the instant at which a claim ends: in a file it is 0,
 * because the daemon that made the claim is not where the file is imported. A daemon frees what it finds there.
 */
export type ColumnType = "bool" | "int" | "lease" | "names" | "real" | "text";

export interface TableContract {
  /** In the order of the file. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** The columns that identify a row. Rows are read in their order. */
  readonly key: readonly string[];
  /** The number that the store gives to a new row. One that was given is not given again. */
  readonly sequence?: string;
}

/** A row's values, in the order of the columns. */
export type Row = readonly Cell[];
export type Cell = string | number | boolean | null;

type Key = { readonly key: readonly string[] } | { readonly sequence: string };

/** The columns are names with types. A sequence is the key too. */
function define(key: Key, columns: string): TableContract {
  const pairs = columns.split(",").map((column) => column.trim().split(" "));
  return {
    ...("sequence" in key ? { key: [key.sequence], sequence: key.sequence } : key),
    columns: Object.fromEntries(pairs) as Readonly<Record<string, ColumnType>>,
  };
}

/** By its name in both stores. A table comes after those that its rows refer to. */
export const TABLES = {
  meta: define({ key: ["key"] }, "key text, value text"),
  tokens: define({ key: ["name"] }, "name text, scope text, sha256 text, created_at text"),
  secrets: define(
    { sequence: "seq" },
    `seq int, name text, sealed text, version int, created_at int, updated_at int`,
  ),
  plugin_sets: define({ sequence: "id" }, "id int, names text"),
  plugin_set_members: define({ key: ["plugin", "plugin_set"] }, "plugin text, plugin_set int"),
  error_groups: define(
    { sequence: "id" },
    `id int, plugin text, code text, message text, last_seen_at int`,
  ),
  limits: define(
    { key: ["name"] },
    `name text, concurrency int, key_concurrency int, served_key text, rate text, key_rate text,
     max_queued int, declared text, override text, overridden_by text, overridden_at int`,
  ),
  limit_states: define(
    { key: ["limit_name", "is_key", "limit_key"] },
    `limit_name text, is_key int, limit_key text, in_turn int, arrival real, wake_at int,
     paused_at int, paused_until int, is_span int, paused_by text`,
  ),
  jobs: define(
    { sequence: "seq" },
    `seq int, id text, name text, status text, priority int, run_at int, due bool, created_at int,
     started_at int, ended_at int, fence int, lease_owner text, lease_until lease, sequence int,
     completed_steps int, step_attempts int, failure_code text, failure_message text,
     waiting_kind text, waiting_on text, waiting_since int, plugin_set int, error_group int,
     failed_attempts int, failed_ms int, limits text, limit_name text, limit_key text,
     blocked_since int, trace_context text, payloads_removed_at int`,
  ),
  job_specs: define(
    { key: ["job"] },
    `job int, plugin_names names, timeout_ms int, idempotency_key text, fingerprint text,
     plugins text, metadata text, input text, retry text, schedule text`,
  ),
  job_keys: define(
    { key: ["job"] },
    `job int, kind text, key text, identity text, span text, until_at int, mode text, collect text,
     merged int`,
  ),
  joined_requests: define(
    { key: ["idempotency_key"] },
    "idempotency_key text, fingerprint text, job int",
  ),
  job_tags: define({ key: ["tag", "created_at", "job"] }, "tag text, created_at int, job int"),
  steps: define(
    { sequence: "id" },
    `id int, job int, position int, plugin text, status text, started_at int, ended_at int,
     failure_code text, failure_message text, metrics text, output text`,
  ),
  step_attempts: define(
    { sequence: "id" },
    `id int, job int, position int, number int, is_past bool, started_at int, ended_at int,
     failure_code text, failure_message text`,
  ),
  events: define(
    { key: ["job", "sequence"] },
    "job int, sequence int, kind text, at int, body text",
  ),
  logs: define(
    { sequence: "id" },
    `id int, job int, step int, at int, level text, message text, data text`,
  ),
  batches: define(
    { sequence: "seq" },
    `seq int, id text, created_at int, ended_at int, idempotency_key text, fingerprint text,
     body text, payloads_removed_at int`,
  ),
  batch_jobs: define({ key: ["batch", "position"] }, "batch int, position int, job int"),
  destinations: define(
    { sequence: "id" },
    `id int, key text, rate_per_second real, paused_until int, stopped bool, failures int,
     held_since int, last_error text, tokens real, refilled_at int, probe int, stopped_since int`,
  ),
  webhooks: define(
    { sequence: "seq" },
    `seq int, id text, job int, batch int, destination int, url text, kinds text, retries int,
     sealed text, timeout_ms int, removed bool`,
  ),
  persistent_webhooks: define(
    { key: ["webhook"] },
    `webhook int, identity text, state text, reason text, failing_since int, plugins text,
     job_name text, timeout_ms int, expires_at int, created_at int, updated_at int,
     failing_day int, failing_days int, version int, given_up_to int`,
  ),
  webhook_routes: define(
    { key: ["kind", "plugin", "job_name", "webhook"] },
    "kind text, plugin text, job_name text, webhook int",
  ),
  deliveries: define(
    { sequence: "id" },
    `id int, job int, batch int, webhook int, destination int, sequence int, state text,
     due_at int, created_at int, ended_at int, fence int, lease_owner text, lease_until lease,
     attempts int, retries_used int, reason text, revived_at int`,
  ),
  attempts: define(
    { key: ["delivery", "number"] },
    `delivery int, number int, at int, duration_ms real, status int, error text, response text`,
  ),
  idle_spans: define({ sequence: "id" }, "id int, destination int, from_at int, until_at int"),
  bulk_acts: define(
    { sequence: "seq" },
    `seq int, id text, act text, dry_run bool, requested_by text, filter text, state text,
     phase text, cursor text, pending text, matched int, done int, skipped int, failed int,
     errors text, created_at int, ended_at int, lease_owner text, lease_until lease`,
  ),
  stats: define({ key: ["series", "at", "key"] }, "series text, at int, key text, counts text"),
  files: define(
    { sequence: "seq" },
    `seq int, id text, job int, name text, type text, size int, sha256 text, created_at int,
     expires_at int`,
  ),
  job_files: define({ key: ["job", "file"] }, "job int, file int"),
  schedules: define(
    { sequence: "seq" },
    `seq int, id text, key text, version int, definition text, job text, sealed text, state text,
     paused_by text, reason text, paused_at int, next_slot int, due_at int, decided_slot int,
     fired_slot int, buffered_slot int, pruned_slot int, failures int, created_at int,
     updated_at int`,
  ),
  schedule_slots: define(
    { sequence: "seq" },
    `seq int, schedule int, slot int, manual bool, state text, reason text, detail text,
     due_at int, decided_at int, job_id text, job_state text`,
  ),
} satisfies Readonly<Record<string, TableContract>>;

export type TableName = keyof typeof TABLES;

export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

export function tableOf(name: TableName): TableContract {
  return TABLES[name];
}

export function isTableName(name: unknown): name is TableName {
  return typeof name === "string" && Object.hasOwn(TABLES, name);
}
