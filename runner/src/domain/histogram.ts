/**
 * A histogram of durations with fixed buckets, so that histograms can be added: four buckets for each
 * doubling. A quantile is at most a tenth away from the true one.
 */

/** The number of durations in each bucket. */
export type Histogram = ReadonlyMap<number, number>;

const BUCKETS_PER_DOUBLING = 4;

/** Bucket 0 has what took less than a millisecond. */
export function bucketOf(durationMs: number): number {
  if (durationMs < 1) return 0;
  return 1 + Math.floor(BUCKETS_PER_DOUBLING * Math.log2(durationMs));
}

/** The duration that a part `q` of all durations does not exceed, in ms. Null for an empty histogram. */
export function quantileMs(histogram: Histogram, q: number): number | null {
  let total = 0;
  for (const count of histogram.values()) total += count;
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(q * total));
  let seen = 0;
  let bucket = 0;
  for (bucket of [...histogram.keys()].toSorted((a, b) => a - b)) {
    seen += histogram.get(bucket) ?? 0;
    if (seen >= rank) break;
  }
  return middleMs(bucket);
}

function middleMs(bucket: number): number {
  if (bucket === 0) return 0;
  // Two digits would round 12.3 to 12, which is more than a tenth from the 13.4 of the same bucket.
  return Number((2 ** ((bucket - 0.5) / BUCKETS_PER_DOUBLING)).toPrecision(3));
}
