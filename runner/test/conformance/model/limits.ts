import { expect } from "vitest";
import { hasEnded } from "../../../src/domain/job.ts";
import { parseRate, type Rate } from "../../../src/domain/limit-rate.ts";
import type { DeclaredLimit, LimitOverride } from "../../../src/domain/plugin-limits.ts";
import type { NewJob } from "../../../src/ports/store/jobs.ts";
import type { PauseLimit, StoredLimit } from "../../../src/ports/store/limits.ts";
import type { ModelJob, ModelLimit, ModelState } from "./state.ts";

type Numbers = StoredLimit["numbers"];

/** A limit as a whole, or one of its keys. */
interface Scope {
  /** Null: the whole limit. */
  readonly key: string | null;
  readonly concurrency: number | null;
  readonly rate: Rate | null;
}

/** The limit of the job's next step, when it comes into the queue. It has no slot then. */
export function lineUp(job: ModelJob): void {
  const completed = job.steps.filter(({ status }) => status === "completed").length;
  job.limit = job.spec.limits?.[completed] ?? null;
  job.hasSlot = false;
}

/** Stores the limits that a job names, unless they are known. */
export function ensureLimits(state: ModelState, limits: readonly DeclaredLimit[] = []): void {
  for (const { name, ...declared } of limits) {
    if (!state.limits.has(name)) {
      state.limits.set(name, {
        declared,
        override: null,
        by: null,
        at: null,
        paces: new Map(),
        pauses: new Map(),
      });
    }
  }
}

/** The first limit for which so many jobs wait that no more may, or null. */
export function findFullLimit(state: ModelState, jobs: readonly NewJob[]) {
  const joining = jobs.filter(({ runAt, createdAt }) => runAt <= createdAt);
  for (const name of new Set(joining.flatMap(({ limits }) => limits?.[0]?.name ?? []))) {
    const count = joining.filter(({ limits }) => limits?.[0]?.name === name).length;
    const declared = joining[0]?.declaredLimits?.find((each) => each.name === name);
    const known = state.limits.get(name);
    const maxQueued = known === undefined ? declared?.maxQueued : numbersOf(known).maxQueued;
    if (maxQueued === undefined || maxQueued === null) continue;
    const queued = Math.min(blocked(state, name).length, maxQueued);
    if (queued + count > maxQueued) return { kind: "limit-full", name, queued, maxQueued } as const;
  }
  return null;
}

/** A store chooses which keys get slots. The model checks that they may, and that none is kept back. */
export function giveSlots(
  state: ModelState,
  { now, limits, isMore }: { now: number; limits: readonly StoredLimit[]; isMore: boolean },
): void {
  for (const real of limits) {
    const limit = state.limits.get(real.name);
    if (limit === undefined) throw new Error(`The model has no limit ${real.name}.`);
    for (const [key, { until }] of limit.pauses) {
      if (until !== null && until <= now) limit.pauses.delete(key);
    }
    const numbers = numbersOf(limit);
    const keys = Map.groupBy(blocked(state, real.name), (job) => job.limit?.key ?? "");
    const shares = [...keys].map(([key, jobs]) => {
      const given = jobs.length - queuedWith(real, key);
      return { scope: scopeOf(numbers, key), jobs, given };
    });
    const whole = scopeOf(numbers, null);
    const total = shares.reduce((sum, { given }) => sum + given, 0);
    const room = (scope: Scope) => roomIn(state, { name: real.name, limit, scope, now });
    for (const { scope, given } of [...shares, { scope: whole, given: total }]) {
      expect(given, `slots of ${real.name}`).toBeGreaterThanOrEqual(0);
      if (given > 0) expect(given).toBeLessThanOrEqual(room(scope));
    }
    for (const { scope, jobs, given } of [...shares, { scope: whole, jobs: [], given: total }]) {
      for (const job of inOrder(jobs).slice(0, given)) job.hasSlot = true;
      takeOfRate(limit, scope, { now, given });
    }
    expectNoneKeptBack(shares, { room, whole, isMore });
  }
}

type Share = { readonly scope: Scope; readonly jobs: readonly ModelJob[]; readonly given: number };

function expectNoneKeptBack(
  shares: readonly Share[],
  { room, whole, isMore }: { room: (scope: Scope) => number; whole: Scope; isMore: boolean },
): void {
  const waiting = shares.filter(({ jobs, given, scope }) => jobs.length > given && room(scope) > 0);
  // The store says so if it has more slots to give than one claim gives.
  if (!isMore && room(whole) > 0) expect(waiting.map(({ scope }) => scope)).toEqual([]);
  if (whole.concurrency === null && whole.rate === null) return;
  const most = Math.max(0, ...shares.map(({ given }) => given));
  for (const { scope, given } of waiting) {
    if (scope.concurrency !== null) expect(given, "in turn").toBeGreaterThanOrEqual(most - 1);
  }
}

/** How many slots can be given there now. */
function roomIn(
  state: ModelState,
  { name, limit, scope, now }: { name: string; limit: ModelLimit; scope: Scope; now: number },
): number {
  if (limit.pauses.has(scope.key) && (scope.key === null || hasKeys(numbersOf(limit)))) return 0;
  const used = withSlot(state, name).filter(
    (job) => scope.key === null || job.limit?.key === scope.key,
  ).length;
  const free = scope.concurrency === null ? Infinity : scope.concurrency - used;
  if (scope.rate === null) return free;
  const eachMs = parseRate(scope.rate.rate)!;
  const paidUntil = Math.max(now, limit.paces.get(scope.key) ?? 0);
  return Math.min(free, Math.floor((now + scope.rate.burst * eachMs - paidUntil) / eachMs));
}

function takeOfRate(
  limit: ModelLimit,
  { key, rate }: Scope,
  { now, given }: { now: number; given: number },
): void {
  if (rate === null || given === 0) return;
  const paidUntil = Math.max(now, limit.paces.get(key) ?? 0);
  limit.paces.set(key, paidUntil + given * parseRate(rate.rate)!);
}

function scopeOf(numbers: Numbers, key: string | null): Scope {
  if (key === null) return { key, concurrency: numbers.concurrency, rate: numbers.rate ?? null };
  return { key, concurrency: numbers.keyConcurrency, rate: numbers.keyRate ?? null };
}

/** The jobs that are due and have no slot, in the order of submission. */
function blocked(state: ModelState, name: string): ModelJob[] {
  return state.jobs.filter(
    (job) =>
      job.limit?.name === name &&
      !job.hasSlot &&
      job.status === "queued" &&
      job.isDue &&
      job.waitingFor === null,
  );
}

function withSlot(state: ModelState, name: string): ModelJob[] {
  return state.jobs.filter(
    ({ limit, hasSlot, status }) => limit?.name === name && hasSlot && !hasEnded(status),
  );
}

function inOrder(jobs: readonly ModelJob[]): ModelJob[] {
  return jobs.toSorted((a, b) => b.spec.priority - a.spec.priority);
}

/** The empty key is not listed. */
function queuedWith({ queued, waitingKeys }: StoredLimit, key: string): number {
  if (key !== "") return waitingKeys.find((each) => each.key === key)?.queued ?? 0;
  return queued - waitingKeys.reduce((sum, each) => sum + each.queued, 0);
}

function hasKeys({ keyConcurrency, keyRate }: ModelLimit["declared"]): boolean {
  return keyConcurrency !== null || Boolean(keyRate);
}

function numbersOf({ declared, override }: ModelLimit): Required<Numbers> {
  const own = hasKeys(declared) ? override?.perKey : undefined;
  const toRate = (
    given: { readonly rate?: string; readonly burst?: number } | null | undefined,
    rate: Rate | null | undefined,
  ): Rate | null =>
    given?.rate === undefined ? (rate ?? null) : { rate: given.rate, burst: given.burst ?? 1 };
  return {
    concurrency: override?.concurrency ?? declared.concurrency,
    rate: toRate(override, declared.rate),
    keyConcurrency: own?.concurrency ?? declared.keyConcurrency,
    keyRate: toRate(own, declared.keyRate),
    maxQueued: override?.maxQueued ?? declared.maxQueued ?? null,
  };
}

/** The whole limit comes before its keys, of which one can be empty. */
function placeOf({ key }: { readonly key: string | null }): string {
  return key === null ? "" : `key ${key}`;
}

export function createLimitModel(state: ModelState) {
  return {
    hasLimits: () => state.limits.size > 0,

    declareLimits(limits: readonly DeclaredLimit[]): void {
      ensureLimits(state, limits);
      for (const { name, ...declared } of limits) {
        state.limits.get(name)!.declared = declared;
      }
    },

    overrideLimit(
      name: string,
      override: LimitOverride | null,
      { by, now }: { by: string | null; now: number },
    ): boolean {
      const limit = state.limits.get(name);
      if (limit === undefined) return false;
      const who = override === null ? { by: null, at: null } : { by, at: now };
      Object.assign(limit, { override, ...who });
      return true;
    },

    pauseLimit({ name, key, until, isSpan, keepsLonger, by, now }: PauseLimit): boolean {
      const limit = state.limits.get(name);
      if (limit === undefined) return false;
      const known = limit.pauses.get(key);
      const staysLonger = known !== undefined && (known.until ?? Infinity) >= (until ?? Infinity);
      if (keepsLonger && staysLonger) return true;
      limit.pauses.set(key, { since: now, until, by, isSpan });
      return true;
    },

    resumeLimit: (name: string, key: string | null): boolean => {
      state.limits.get(name)?.pauses.delete(key);
      return state.limits.has(name);
    },

    /** What each limit shows. A pause that has ended can be shown until a claim has looked. */
    limits: (now: number) =>
      [...state.limits].map(([name, limit]) => {
        const { declared, override, by, at, pauses } = limit;
        const lasting = [...pauses].filter(([, { until }]) => until === null || until > now);
        const shown = lasting.map(([key, { isSpan: _isSpan, ...pause }]) => ({ key, ...pause }));
        return {
          name,
          numbers: numbersOf(limit),
          declared: { rate: null, keyRate: null, ...declared },
          override,
          overriddenBy: by,
          overriddenAt: at,
          running: withSlot(state, name).length,
          queued: blocked(state, name).length,
          pauses: shown.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)),
        };
      }),

    /** Whether a job surely waits for a slot, or can be going to get one. Null: it needs none. */
    slotOf(job: ModelJob): "waits" | "can wait" | null {
      const { limit } = job;
      if (limit === null || !blocked(state, limit.name).includes(job)) return null;
      const known = state.limits.get(limit.name)!;
      const numbers = numbersOf(known);
      const isFull = [null, limit.key].some((key) => {
        const { rate: _, ...scope } = scopeOf(numbers, key);
        return (
          roomIn(state, {
            name: limit.name,
            limit: known,
            scope: { ...scope, rate: null },
            now: 0,
          }) <= 0
        );
      });
      return isFull ? "waits" : "can wait";
    },
  };
}
