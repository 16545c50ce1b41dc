import { isOpen, takeTokens } from "../../../domain/destination.ts";
import type { Transaction } from "../transaction.ts";

/** The due deliveries of one destination, within its limits. */
export interface Share {
  readonly destination: number;
  /** Those that its limits allow now. */
  readonly due: readonly DueRow[];
  /** Whether its limits allow none of those that are due. */
  readonly mustWait: boolean;
  /** The destination's limits; null if it has neither a rate nor an open circuit. */
  readonly limits: Limits | null;
}

export interface Limits {
  readonly isOpen: boolean;
  readonly ratePerSecond: number | null;
  readonly tokens: number | null;
  readonly refilledAt: number;
}

export interface DueRow {
  readonly id: number;
  readonly destination: number;
  readonly created_at: number;
  readonly is_retry: boolean;
  readonly bytes: number;
}

interface DestinationRow {
  readonly id: number;
  readonly rate_per_second: number | null;
  readonly failures: number;
  readonly tokens: number | null;
  readonly refilled_at: number;
}

/** What one destination may yield. */
interface Wanted {
  readonly id: number;
  readonly limit: number;
}

const DESTINATION_COLUMNS = "id, rate_per_second, failures, tokens, refilled_at";
const AWAKE = "id = ANY ($1::bigint[]) AND NOT stopped AND paused_until <= $2";

const FIND_DESTINATIONS = `SELECT ${DESTINATION_COLUMNS} FROM destinations WHERE ${AWAKE}`;

/** One that another daemon serves now is left to it. */
const LOCK_LIMITED = `SELECT ${DESTINATION_COLUMNS} FROM destinations WHERE ${AWAKE}
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`;

const dueOf = (kind: 0 | 1, limit: string): string => `
  SELECT id, created_at, job, batch, sequence FROM deliveries
  WHERE destination = wanted.id AND state = 'due' AND lease_owner IS NULL
    AND least(attempts, 1) = ${kind} AND due_at <= $3
  ORDER BY due_at, id LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED`;

/**
 * First attempts before retries. A destination with an open circuit has a limit of 1, and yields one of
 * both. The rows are locked, and what is not claimed of them is free again at the commit.
 */
const FIND_DUE = `SELECT due.id, wanted.id AS destination, due.created_at, is_retry,
    coalesce(octet_length(events.body), octet_length(batches.body)) AS bytes
  FROM unnest($1::bigint[], $2::integer[], $4::boolean[]) WITH ORDINALITY
      AS wanted (id, count, is_open, number)
    CROSS JOIN LATERAL (
      WITH first AS MATERIALIZED (${dueOf(0, "wanted.count")}),
        retry AS MATERIALIZED (${dueOf(
          1,
          `CASE WHEN wanted.is_open THEN wanted.count
             ELSE wanted.count - (SELECT count(*) FROM first) END`,
        )})
      SELECT *, false AS is_retry FROM first UNION ALL SELECT *, true FROM retry
    ) AS due
    LEFT JOIN events ON events.job = due.job AND events.sequence = due.sequence
    LEFT JOIN batches ON batches.seq = due.batch`;

/** Finds and locks the due deliveries of destinations, in the order of the request. */
export async function findDue(
  tx: Transaction,
  destinations: readonly Wanted[],
  now: number,
): Promise<Share[]> {
  const awake = await findDestinations(tx, destinations, now);
  const wanted = destinations.flatMap(({ id, limit }) => {
    const row = awake.get(id);
    return row === undefined ? [] : [{ id, limit, ...toWanted(row, { limit, now }) }];
  });
  // One at least of a destination without tokens, to know whether it must wait for one.
  const rows = await tx.query<DueRow>(FIND_DUE, [
    wanted.map(({ id }) => id),
    wanted.map(({ count, limit }) => Math.max(count, Math.min(1, limit))),
    now,
    wanted.map(({ limits }) => limits?.isOpen === true),
  ]);
  const byDestination = Map.groupBy(rows, ({ destination }) => destination);
  return wanted.map(({ id: destination, limits, count }) => {
    const found = byDestination.get(destination) ?? [];
    const due = (limits?.isOpen === true ? toProbe(found) : found).slice(0, count);
    return { destination, limits, due, mustWait: found.length > 0 && due.length === 0 };
  });
}

async function findDestinations(
  tx: Transaction,
  destinations: readonly Wanted[],
  now: number,
): Promise<Map<number, DestinationRow>> {
  const ids = destinations.map(({ id }) => id);
  const rows = await tx.query<DestinationRow>(FIND_DESTINATIONS, [ids, now]);
  const found = new Map(rows.map((row) => [row.id, row]));
  const limited = rows.filter((row) => toLimits(row) !== null).map(({ id }) => id);
  if (limited.length === 0) return found;
  const locked = await tx.query<DestinationRow>(LOCK_LIMITED, [limited, now]);
  for (const id of limited) found.delete(id);
  for (const row of locked) found.set(row.id, row);
  return found;
}

function toWanted(
  row: DestinationRow,
  { limit, now }: { limit: number; now: number },
): { count: number; limits: Limits | null } {
  const limits = toLimits(row);
  if (limits === null) return { count: limit, limits };
  const count = limits.isOpen ? Math.min(1, limit) : limit;
  if (limits.ratePerSecond === null) return { count, limits };
  const { ratePerSecond, ...bucket } = limits;
  return { count: takeTokens(bucket, { ratePerSecond, now, wanted: count }).taken, limits };
}

function toLimits(row: DestinationRow): Limits | null {
  const open = isOpen({ failuresInRow: row.failures });
  if (row.rate_per_second === null && !open) return null;
  return {
    isOpen: open,
    ratePerSecond: row.rate_per_second,
    tokens: row.tokens,
    refilledAt: row.refilled_at,
  };
}

/** The delivery of the earlier event: one that has been tried must not wait behind every new one. */
function toProbe(due: readonly DueRow[]): readonly DueRow[] {
  return due.toSorted((a, b) => a.created_at - b.created_at || a.id - b.id).slice(0, 1);
}
