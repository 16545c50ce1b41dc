/** Converts between rows and limits. */
import type { LimitState } from "../../domain/limit-state.ts";
import { UNUSED } from "../../domain/limit-state.ts";
import {
  applyOverride,
  type DeclaredLimit,
  type LimitNumbers,
  type LimitOverride,
} from "../../domain/plugin-limits.ts";
import type { LimitPause, StoredLimit } from "../../ports/store/limits.ts";
import type { Rate } from "../../domain/limit-rate.ts";

export interface LimitRow {
  readonly name: string;
  readonly concurrency: number | null;
  readonly rate: string | null;
  readonly key_concurrency: number | null;
  readonly key_rate: string | null;
  readonly max_queued: number | null;
}

export const LIMIT_COLUMNS = `name, concurrency, rate, key_concurrency, key_rate, max_queued`;

/** A limit with the numbers that count. */
export type Limit = DeclaredLimit & Required<LimitNumbers>;

export function toLimit(row: LimitRow): Limit {
  return {
    name: row.name,
    concurrency: row.concurrency,
    rate: parseRateColumn(row.rate),
    keyConcurrency: row.key_concurrency,
    keyRate: parseRateColumn(row.key_rate),
    maxQueued: row.max_queued,
  };
}

/** The columns of a limit that an operator sees. */
export interface ShownRow extends LimitRow {
  readonly declared: string | null;
  readonly override: string | null;
  readonly overridden_by: string | null;
  readonly overridden_at: number | null;
}

export const SHOWN_COLUMNS = `${LIMIT_COLUMNS}, declared, override, overridden_by, overridden_at`;

export interface PauseRow {
  readonly isKey: number;
  readonly key: string;
  readonly paused_at: number;
  readonly paused_until: number | null;
  readonly paused_by: string | null;
}

/** Jobs that are counted. */
export const MAX_COUNTED = 1_000;
const MAX_WAITING_KEYS = 10;

/** `waiting`: the keys of the first jobs that wait. */
export function toStoredLimit(
  row: ShownRow,
  {
    running,
    waiting,
    pauses,
  }: { running: number; waiting: readonly { key: string }[]; pauses: readonly PauseRow[] },
): StoredLimit {
  const counts = [...Map.groupBy(waiting, ({ key }) => key)]
    .filter(([key]) => key !== "")
    .map(([key, jobs]) => ({ key, queued: jobs.length }))
    .toSorted((a, b) => b.queued - a.queued);
  const all = pauses.find(({ isKey }) => isKey === 0);
  return {
    name: row.name,
    numbers: toNumbers(row),
    declared: declaredOf(row),
    override: parseOverride(row.override),
    overriddenBy: row.overridden_by,
    overriddenAt: row.overridden_at,
    running,
    queued: waiting.length,
    pause: all === undefined ? null : toPause(all),
    waitingKeys: counts.slice(0, MAX_WAITING_KEYS),
    pausedKeys: pauses
      .filter(({ isKey }) => isKey === 1)
      .map((pause) => ({ key: pause.key, ...toPause(pause) })),
  };
}

function toPause({ paused_at: since, paused_until: until, paused_by: by }: PauseRow): LimitPause {
  return { since, until, by };
}

function toNumbers(row: LimitRow): Required<LimitNumbers> {
  const { name: _, ...numbers } = toLimit(row);
  return numbers;
}

/** The numbers that plugins declare. A row of before overrides has them in its columns. */
export function declaredOf(row: LimitRow & Pick<ShownRow, "declared">): LimitNumbers {
  return row.declared === null ? toNumbers(row) : (JSON.parse(row.declared) as LimitNumbers);
}

export function parseOverride(text: string | null): LimitOverride | null {
  return text === null ? null : (JSON.parse(text) as LimitOverride);
}

/** The values of the columns of a limit: its name, the numbers that count, and those that are declared. */
export function toLimitValues(
  name: string,
  declared: LimitNumbers,
  override: LimitOverride | null,
) {
  const { concurrency, rate, keyConcurrency, keyRate, maxQueued } = applyOverride(
    declared,
    override,
  );
  const numbers = {
    concurrency: declared.concurrency,
    rate: declared.rate ?? null,
    keyConcurrency: declared.keyConcurrency,
    keyRate: declared.keyRate ?? null,
    ...(declared.maxQueued && { maxQueued: declared.maxQueued }),
  };
  return [
    name,
    concurrency,
    toRateColumn(rate),
    keyConcurrency,
    toRateColumn(keyRate),
    JSON.stringify(numbers),
    maxQueued ?? null,
  ] as const;
}

function toRateColumn(rate: Rate | null | undefined): string | null {
  return rate ? JSON.stringify({ rate: rate.rate, burst: rate.burst }) : null;
}

function parseRateColumn(text: string | null): Rate | null {
  return text === null ? null : (JSON.parse(text) as Rate);
}

/** The columns of `limit_states`. */
export interface StateRow {
  readonly arrival: number;
  readonly paused_at: number | null;
  readonly paused_until: number | null;
}

export const STATE_COLUMNS = `arrival, paused_at, paused_until`;

export function toLimitState(row: StateRow | undefined): LimitState {
  if (row === undefined) return UNUSED;
  return { arrival: row.arrival, pausedAt: row.paused_at, pausedUntil: row.paused_until };
}

/** A limit as a whole, or one of its keys, with what is allowed there. */
export interface Scope {
  readonly name: string;
  readonly isKey: 0 | 1;
  readonly key: string;
  readonly concurrency: number | null;
  readonly rate: Rate | null;
}

export function allOf({ name, concurrency, rate }: Limit): Scope {
  return { name, isKey: 0, key: "", concurrency, rate };
}

export function keyOf({ name, keyConcurrency, keyRate }: Limit, key: string): Scope {
  return { name, isKey: 1, key, concurrency: keyConcurrency, rate: keyRate };
}
