import { quantileMs, type Histogram } from "../../domain/histogram.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Counts } from "../../ports/store/stats.ts";
import type { Store } from "../../ports/store/store.ts";
import { DURATION, HOUR_MS, MINUTE_MS, WAIT } from "./stats-recorder.ts";

/** What ended in a time, by outcome. */
export interface Activity {
  readonly submitted: number;
  readonly completed: number;
  /** Without the cancelled jobs. */
  readonly failed: number;
  readonly cancelled: number;
  readonly delivered: number;
  readonly deliveredFirstTry: number;
  readonly deliveryFailed: number;
}

export interface StatPoint extends Activity {
  readonly at: number;
  /** Null if no job began in this minute. */
  readonly queueWaitP95Ms: number | null;
}

export interface PluginStats {
  readonly name: string;
  readonly runs: number;
  readonly failed: number;
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly perHour: readonly {
    readonly at: number;
    readonly runs: number;
    readonly failed: number;
  }[];
}

export interface PluginHours {
  readonly from: number;
  readonly to: number;
  readonly plugins: readonly PluginStats[];
}

export interface DestinationHour {
  readonly at: number;
  readonly delivered: number;
  readonly failed: number;
}

/** Reads the stored counts. What is not stored yet is stored first, so that nothing is missing. */
export interface Stats {
  /** A point for each of the last `minutes`, the running one included. */
  points(minutes: number): Promise<readonly StatPoint[]>;
  /** The sums of the last 24 hours, to the minute. */
  lastDay(): Promise<Activity>;
  /** The plugins that ran in the last `hours`, sorted by name. Only hours with a run are listed. */
  plugins(hours: number): Promise<PluginHours>;
  /** The last 24 hours of destinations, by their numbers. Only hours with an outcome are listed. */
  destinations(
    numbers: readonly number[],
  ): Promise<ReadonlyMap<number, readonly DestinationHour[]>>;
}

const DAY_MS = 24 * HOUR_MS;
const NO_COUNTS: Counts = {};

export function createStats(deps: {
  readonly reads: Pick<Store, "stats">;
  readonly storeStats: () => Promise<void>;
  readonly clock: Pick<Clock, "now">;
}): Stats {
  const { reads, clock } = deps;
  // While the store cannot write, what is stored can still be read.
  const storeStats = (): Promise<void> => deps.storeStats().catch(() => undefined);

  return {
    async points(minutes) {
      await storeStats();
      const to = startOf(clock.now(), MINUTE_MS);
      const from = to - (minutes - 1) * MINUTE_MS;
      const rows = await reads.stats({ series: "minute", from, to });
      const counts = new Map(rows.map((row) => [row.at, row.counts]));
      return Array.from({ length: minutes }, (_, index) => {
        const at = from + index * MINUTE_MS;
        return toPoint(at, counts.get(at) ?? NO_COUNTS);
      });
    },

    async lastDay() {
      await storeStats();
      const now = clock.now();
      const from = startOf(now - DAY_MS, MINUTE_MS) + MINUTE_MS;
      // Whole hours, and the minutes before the first of them.
      const firstHour = startOf(from + HOUR_MS - 1, HOUR_MS);
      const [minutes, hours] = await Promise.all([
        reads.stats({ series: "minute", from, to: firstHour - 1 }),
        reads.stats({ series: "hour", from: firstHour, to: now }),
      ]);
      return toActivity(sum([...minutes, ...hours]));
    },

    async plugins(hours) {
      await storeStats();
      const to = clock.now();
      const from = startOf(to, HOUR_MS) - (hours - 1) * HOUR_MS;
      const rows = await reads.stats({ series: "plugin", from, to });
      const names = Map.groupBy(rows, ({ key }) => key);
      const plugins = [...names]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, ofPlugin]) => {
          const counts = sum(ofPlugin);
          const durations = histogramIn(counts, DURATION);
          return {
            name,
            runs: counts["runs"] ?? 0,
            failed: counts["failed"] ?? 0,
            medianMs: quantileMs(durations, 0.5),
            p95Ms: quantileMs(durations, 0.95),
            perHour: ofPlugin.map(({ at, counts: { runs = 0, failed = 0 } }) => ({
              at,
              runs,
              failed,
            })),
          };
        });
      return { from, to, plugins };
    },

    async destinations(numbers) {
      await storeStats();
      const to = startOf(clock.now(), HOUR_MS);
      const keys = numbers.map(String);
      const from = to - DAY_MS + HOUR_MS;
      const rows = await reads.stats({ series: "destination", from, to, keys });
      const hours = rows.map(({ at, key, counts: { delivered = 0, deliveryFailed = 0 } }) => ({
        number: Number(key),
        hour: { at, delivered, failed: deliveryFailed },
      }));
      const grouped = Map.groupBy(hours, ({ number }) => number);
      return new Map(
        [...grouped].map(([number, each]) => [number, each.map(({ hour }) => hour)] as const),
      );
    },
  };
}

function startOf(instant: number, lengthMs: number): number {
  return instant - (instant % lengthMs);
}

function sum(rows: readonly { readonly counts: Counts }[]): Counts {
  const total: Record<string, number> = {};
  for (const { counts } of rows) {
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

function toActivity(counts: Counts): Activity {
  return {
    submitted: counts["submitted"] ?? 0,
    completed: counts["completed"] ?? 0,
    failed: counts["failed"] ?? 0,
    cancelled: counts["cancelled"] ?? 0,
    delivered: counts["delivered"] ?? 0,
    deliveredFirstTry: counts["deliveredFirstTry"] ?? 0,
    deliveryFailed: counts["deliveryFailed"] ?? 0,
  };
}

function toPoint(at: number, counts: Counts): StatPoint {
  return { at, ...toActivity(counts), queueWaitP95Ms: quantileMs(histogramIn(counts, WAIT), 0.95) };
}

function histogramIn(counts: Counts, prefix: string): Histogram {
  return new Map(
    Object.entries(counts)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, count]) => [Number(name.slice(prefix.length)), count]),
  );
}
