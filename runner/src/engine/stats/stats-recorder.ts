/**
 * Counts what happens by minute, in memory: a count costs the main path no write. stats-loop.ts stores
 * the counts every few seconds. A crash loses those that were not stored yet.
 */
import { bucketOf } from "../../domain/histogram.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Counts, StatRow } from "../../ports/store/stats.ts";
import type { Telemetry } from "../../ports/telemetry.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** Names such as `wait.12` count the durations in bucket 12 of a histogram. */
export const WAIT = "wait.";
export const DURATION = "duration.";
const waitName = createNames(WAIT);
const durationName = createNames(DURATION);

/** Destinations with their own counts between two writes. The others only count in the totals. */
const MAX_DESTINATIONS = 10_000;

type Sums = Record<string, number>;

/** What was counted in one minute. */
interface Minute {
  readonly at: number;
  readonly total: Sums;
  readonly plugins: Map<string, Sums>;
  /** By number. */
  readonly destinations: Map<number, Sums>;
}

export interface StatsRecorder {
  readonly telemetry: Omit<Telemetry, "refused">;
  /** Returns what was counted since the last call, and forgets it. */
  take(): StatRow[];
  /** For rows that could not be stored. */
  putBack(rows: readonly StatRow[]): void;
}

/** `onFirst` is called for the first count after each `take`. */
export function createStatsRecorder(clock: Pick<Clock, "now">, onFirst: () => void): StatsRecorder {
  const earlier = new Map<string, StatRow & { readonly counts: Sums }>();
  let minute = newMinute(clock.now());
  let isEmpty = true;

  function current(): Minute {
    if (isEmpty) {
      isEmpty = false;
      onFirst();
    }
    const now = clock.now();
    if (now < minute.at || now >= minute.at + MINUTE_MS) {
      keep(toRows(minute));
      minute = newMinute(now);
    }
    return minute;
  }

  function keep(rows: readonly StatRow[]): void {
    for (const row of rows) {
      const id = `${row.series} ${row.at} ${row.key}`;
      const known = earlier.get(id);
      if (known === undefined) earlier.set(id, { ...row, counts: { ...row.counts } });
      else for (const [name, count] of Object.entries(row.counts)) add(known.counts, name, count);
    }
  }

  return {
    telemetry: {
      slotsDecided() {},
      jobsSubmitted: (count) => add(current().total, "submitted", count),
      jobBegan: ({ waitMs }) => add(current().total, waitName(bucketOf(waitMs))),
      jobEnded({ status, failureCode }) {
        add(current().total, failureCode === "CANCELLED" ? "cancelled" : status);
      },
      stepEnded({ plugin, ok, durationMs }) {
        const sums = sumsOf(current().plugins, plugin);
        add(sums, "runs");
        if (!ok) add(sums, "failed");
        add(sums, durationName(bucketOf(durationMs)));
      },
      attemptEnded({ outcome, first, destination }) {
        if (outcome === "retry") return;
        const { total, destinations } = current();
        const name = outcome === "delivered" ? "delivered" : "deliveryFailed";
        add(total, name);
        if (outcome === "delivered" && first) add(total, "deliveredFirstTry");
        if (destinations.size >= MAX_DESTINATIONS && !destinations.has(destination)) return;
        add(sumsOf(destinations, destination), name);
      },
      deliveriesGivenUp: (count) => add(current().total, "deliveryFailed", count),
    },
    take() {
      keep(toRows(minute));
      minute = newMinute(clock.now());
      const rows = [...earlier.values()];
      earlier.clear();
      isEmpty = true;
      return rows;
    },
    putBack: keep,
  };
}

function newMinute(now: number): Minute {
  const at = now - (now % MINUTE_MS);
  return { at, total: {}, plugins: new Map(), destinations: new Map() };
}

function toRows({ at, total, plugins, destinations }: Minute): StatRow[] {
  const hour = at - (at % HOUR_MS);
  const totals = [
    { series: "minute", at, key: "", counts: total },
    { series: "hour", at: hour, key: "", counts: total },
  ] as const;
  return [
    ...(Object.keys(total).length === 0 ? [] : totals),
    ...toKeyed("plugin", hour, plugins),
    ...toKeyed("destination", hour, destinations),
  ];
}

function toKeyed(
  series: StatRow["series"],
  at: number,
  sums: Map<string | number, Counts>,
): StatRow[] {
  return [...sums].map(([key, counts]) => ({ series, at, key: String(key), counts }));
}

function sumsOf<Key>(groups: Map<Key, Sums>, key: Key): Sums {
  const known = groups.get(key);
  if (known !== undefined) return known;
  const sums: Sums = {};
  groups.set(key, sums);
  return sums;
}

/** Joining a text for each count would take longer than the count. */
function createNames(prefix: string): (bucket: number) => string {
  const names: string[] = [];
  return (bucket) => (names[bucket] ??= prefix + bucket);
}

function add(sums: Sums, name: string, count = 1): void {
  sums[name] = (sums[name] ?? 0) + count;
}
