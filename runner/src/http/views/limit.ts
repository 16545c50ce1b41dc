import type { Rate } from "../../domain/limit-rate.ts";
import { hasKeys, type LimitNumbers } from "../../domain/plugin-limits.ts";
import type { LimitInfo } from "../../engine/limits/limits.ts";
import type { LimitPause } from "../../ports/store/limits.ts";
import type { Limit } from "../contract/limits.ts";

export function limitView(limit: LimitInfo): Limit {
  const { pause, overriddenAt, numbers, declared } = limit;
  return {
    name: limit.name,
    plugins: [...limit.plugins],
    numbers: numbersView(numbers),
    declared: numbersView(declared),
    override: limit.override,
    overriddenBy: limit.overriddenBy,
    overriddenAt: overriddenAt === null ? null : toIso(overriddenAt),
    running: limit.running,
    queued: limit.queued,
    paused: pause === null ? null : pauseView(pause),
    waitingKeys: [...limit.waitingKeys],
    pausedKeys: limit.pausedKeys.map((paused) => ({ key: paused.key, ...pauseView(paused) })),
  };
}

function numbersView(numbers: LimitNumbers): Limit["numbers"] {
  const { concurrency, rate, keyConcurrency, keyRate } = numbers;
  const perKey = { concurrency: keyConcurrency, ...rateView(keyRate) };
  return {
    concurrency,
    ...rateView(rate),
    perKey: hasKeys(numbers) ? perKey : null,
    maxQueued: numbers.maxQueued ?? null,
  };
}

function rateView(rate: Rate | null | undefined): { rate: string | null; burst: number | null } {
  return { rate: rate?.rate ?? null, burst: rate?.burst ?? null };
}

function pauseView({ since, until, by }: LimitPause) {
  return { since: toIso(since), until: until === null ? null : toIso(until), by };
}

function toIso(instant: number): string {
  return new Date(instant).toISOString();
}
