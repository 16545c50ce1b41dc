/**
 * The locks of a write group, taken before anything else, always in this order: the group's mode, its
 * jobs by `seq`, its error groups, its schedules by `seq`, its destinations by id,
 * the files that no job has named before. What an operation looks up, it looks up in a
 * later statement: a statement that waits for a lock still sees what was there before.
 *
 * - The job's row is the mutex of its ordering keys: nobody else adds, ends or moves its deliveries.
 * - The mode is an advisory lock. Nearly all groups share it. A rare act that changes what others look
 *   up without a lock (webhooks and their routes, deleted rows, what operators send again) has it alone,
 *   so that no other write group runs, in any daemon, for some milliseconds.
 */
import type { Change } from "../shared/change.ts";
import { joinsLimit } from "../shared/limit-queue.ts";
import { parseDeliveryId } from "../shared/rows.ts";
import type { ErrorGroup } from "../../domain/error-group.ts";
import type { NewJob } from "../../ports/store/jobs.ts";
import type { StoreWrites } from "../../ports/store/store.ts";
import { ADD_ERROR_GROUPS } from "./ops/error-group.ts";
import type { Session } from "./session.ts";
import { errorGroupKey, type Start } from "./transaction.ts";

const EXCLUSIVE: ReadonlySet<keyof StoreWrites> = new Set([
  "clearWebhooks",
  "createBulkAct",
  "deleteFile",
  "deleteJob",
  "giveUpOldDeliveries",
  "pruneFiles",
  "pruneJobs",
  "pruneWebhooks",
  "recoverDeliveries",
  "redeliver",
  "redeliverJob",
  "registerWebhook",
  "removePayloads",
  "removeWebhook",
  "setBatchWebhook",
  "shiftDue",
  "updateWebhook",
]);

/** The key of the group's mode within the schema. */
const MODE = 7_031;
const modeLock = (name: string): string =>
  `SELECT ${name}(hashtextextended(current_schema(), ${MODE}))`;
const SHARE = modeLock("pg_advisory_xact_lock_shared");
/** No other write group runs until the transaction ends. */
export const LOCK = modeLock("pg_advisory_xact_lock");

const LOCK_JOBS = `WITH wanted AS MATERIALIZED (
    SELECT seq FROM jobs WHERE id = ANY ($1::text[])
    UNION SELECT job FROM deliveries WHERE id = ANY ($2::bigint[]) AND job IS NOT NULL
    UNION SELECT seq FROM idempotency_keys JOIN jobs ON jobs.id = subject_id
      WHERE kind = 'job' AND key = ANY ($3::text[])
  )
  SELECT seq, id FROM jobs WHERE seq = ANY (ARRAY(SELECT seq FROM wanted))
  ORDER BY seq FOR NO KEY UPDATE`;

const FIND_DELIVERIES = `SELECT id, job, destination FROM deliveries WHERE id = ANY ($1::bigint[])`;

const LOCK_DESTINATIONS = `SELECT id FROM destinations
  WHERE id = ANY (ARRAY(SELECT DISTINCT destination FROM deliveries WHERE id = ANY ($1::bigint[])))
    AND (failures > 0 OR probe IS NOT NULL OR id = ANY (
      ARRAY(SELECT DISTINCT destination FROM deliveries WHERE id = ANY ($2::bigint[]))
    ))
  ORDER BY id FOR NO KEY UPDATE`;

const LOCK_SCHEDULES = `SELECT seq FROM schedules WHERE id = ANY ($1::text[])
  ORDER BY seq FOR NO KEY UPDATE`;

const LOCK_FILES = `SELECT seq FROM files
  WHERE seq = ANY (ARRAY(SELECT seq FROM files WHERE id = ANY ($1::text[]))) AND NOT held
  ORDER BY seq FOR NO KEY UPDATE`;

const FIND_QUEUE_LIMITS = `SELECT name FROM limits
  WHERE max_queued IS NOT NULL AND name = ANY ($1::text[])`;

const COUNT_QUEUED = `SELECT coalesce(sum(count), 0)::bigint AS queued FROM counts
  WHERE kind = 'job' AND state = 'queued'`;

interface Wanted {
  readonly jobs: Set<string>;
  readonly deliveries: Set<number>;
  /** Deliveries whose attempt can change the destination. */
  readonly failed: Set<number>;
  readonly keys: Set<string>;
  /** Files that its new jobs name. */
  readonly files: Set<string>;
  readonly schedules: Set<string>;
  readonly limits: Set<string>;
  readonly errorGroups: Map<string, { readonly group: ErrorGroup; readonly at: number }>;
}

/** What a group's changes touch, as far as it was found. */
export interface Touched {
  /** Jobs' keys by their ids. */
  readonly jobs: ReadonlyMap<string, number>;
  /** Deliveries' jobs and destinations by their keys. */
  readonly deliveries: ReadonlyMap<number, { job: number | null; destination: number }>;
  /** Destinations that are limited or failing, or fail in this group. */
  readonly destinations: ReadonlySet<number>;
  /** Limits that bound how many jobs wait, and whose jobs the group submits. */
  readonly queueLimits: ReadonlySet<string>;
}

export async function lockGroup(
  session: Session,
  changes: readonly Change[],
  { exclusive }: { exclusive: boolean },
): Promise<Start & Touched> {
  const isExclusive = exclusive || changes.some(({ name }) => EXCLUSIVE.has(name));
  const wanted = toWanted(changes);
  const deliveries = [...wanted.deliveries];
  const groups = [...wanted.errorGroups.values()].toSorted((a, b) =>
    errorGroupKey(a.group) < errorGroupKey(b.group) ? -1 : 1,
  );
  // Sent together; the server runs them one after the other.
  const [, , jobRows, deliveryRows, groupRows, , destinationRows, , limitRows, [counted]] =
    await Promise.all([
      session.run("BEGIN"),
      session.query(isExclusive ? LOCK : SHARE),
      wanted.jobs.size + deliveries.length + wanted.keys.size === 0
        ? []
        : session.query<{ seq: number; id: string }>(LOCK_JOBS, [
            [...wanted.jobs],
            deliveries,
            [...wanted.keys],
          ]),
      deliveries.length === 0
        ? []
        : session.query<{ id: number; job: number | null; destination: number }>(FIND_DELIVERIES, [
            deliveries,
          ]),
      groups.length === 0
        ? []
        : session.query<{ id: number; plugin: string; code: string; message: string }>(
            ADD_ERROR_GROUPS,
            [
              groups.map(({ group }) => group.plugin),
              groups.map(({ group }) => group.code),
              groups.map(({ group }) => group.message),
              groups.map(({ at }) => at),
            ],
          ),
      wanted.schedules.size === 0 ? [] : session.query(LOCK_SCHEDULES, [[...wanted.schedules]]),
      deliveries.length === 0
        ? []
        : session.query<{ id: number }>(LOCK_DESTINATIONS, [deliveries, [...wanted.failed]]),
      wanted.files.size === 0 ? [] : session.query(LOCK_FILES, [[...wanted.files]]),
      wanted.limits.size === 0
        ? []
        : session.query<{ name: string }>(FIND_QUEUE_LIMITS, [[...wanted.limits]]),
      session.query<{ queued: number }>(COUNT_QUEUED),
    ]);
  return {
    isExclusive,
    queued: counted?.queued ?? 0,
    jobs: new Map(jobRows.map(({ seq, id }) => [id, seq])),
    deliveries: new Map(deliveryRows.map((row) => [row.id, row])),
    errorGroups: new Map(
      groupRows.map(({ id, ...group }) => [errorGroupKey(group as ErrorGroup), id]),
    ),
    destinations: new Set(destinationRows.map(({ id }) => id)),
    queueLimits: new Set(limitRows.map(({ name }) => name)),
  };
}

/** Adds what a change touches. Changes that are left out lock what they need themselves, or nothing. */
type Adders = {
  readonly [Name in keyof StoreWrites]?: (
    wanted: Wanted,
    ...args: Parameters<StoreWrites[Name]>
  ) => void;
};

const ADDERS: Adders = {
  commitTransition(wanted, { jobId }, transition) {
    wanted.jobs.add(jobId);
    if (transition.status === "queued") return;
    const { errorGroup, endedAt, schedule } = transition;
    if (schedule !== undefined) wanted.schedules.add(schedule);
    if (errorGroup !== undefined) addErrorGroup(wanted, errorGroup, endedAt ?? 0);
  },
  requeueJob: ({ jobs }, { jobId }) => void jobs.add(jobId),
  releaseJobs({ jobs }, claims) {
    for (const { jobId } of claims) jobs.add(jobId);
  },
  renewLeases({ jobs }, claims) {
    for (const { jobId } of claims.jobs) jobs.add(jobId);
  },
  recordAttempt(wanted, { deliveryId, destinationOutcome, succeeded }) {
    addDelivery(wanted.deliveries, deliveryId);
    const hasFailed = destinationOutcome.kind === "failed" || succeeded === false;
    if (hasFailed) addDelivery(wanted.failed, deliveryId);
  },
  releaseDeliveries({ deliveries }, claims) {
    for (const { deliveryId } of claims) addDelivery(deliveries, deliveryId);
  },
  setScheduleState: ({ schedules }, { id }) => void schedules.add(id),
  saveSchedule: ({ schedules }, { id }) => void schedules.add(id),
  advanceSchedule(wanted, { id }, { run }) {
    wanted.schedules.add(id);
    if (run?.make.kind === "job") addFiles(wanted, run.make.job);
  },
  mergeJob(wanted, { jobId }, { job }) {
    wanted.jobs.add(jobId);
    addFiles(wanted, job);
  },
  submitJob(wanted, job) {
    addFiles(wanted, job);
    const limit = joinsLimit(job);
    if (limit !== null) wanted.limits.add(limit);
  },
  submitBatch(wanted, { jobs }) {
    for (const job of jobs) {
      if (job.idempotency !== null) wanted.keys.add(job.idempotency.key);
      addFiles(wanted, job);
    }
  },
};

function toWanted(changes: readonly Change[]): Wanted {
  const wanted: Wanted = {
    jobs: new Set(),
    deliveries: new Set(),
    failed: new Set(),
    keys: new Set(),
    files: new Set(),
    schedules: new Set(),
    limits: new Set(),
    errorGroups: new Map(),
  };
  for (const { name, args } of changes) {
    // `Change` pairs each name with its arguments, but TypeScript loses that for a union.
    const add = ADDERS[name] as ((wanted: Wanted, ...args: unknown[]) => void) | undefined;
    add?.(wanted, ...args);
  }
  return wanted;
}

function addDelivery(deliveries: Set<number>, id: string): void {
  const key = parseDeliveryId(id);
  if (key !== null) deliveries.add(key);
}

function addFiles({ files }: Wanted, job: NewJob): void {
  for (const id of job.files ?? []) files.add(id);
}

function addErrorGroup({ errorGroups }: Wanted, group: ErrorGroup, at: number): void {
  const key = errorGroupKey(group);
  errorGroups.set(key, { group, at: Math.max(at, errorGroups.get(key)?.at ?? 0) });
}
