/** One measured value with its name and unit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit:
    | "jobs/s"
    | "requests/s"
    | "round trips/s"
    | "ms"
    | "ms of CPU/job"
    | "ms of CPU/step"
    | "bytes of WAL/job"
    | "row writes/job"
    | "transactions/job"
    | "MB"
    | "MiB"
    | "×"
    | "deliveries/s"
    | "deliveries"
    | "executors"
    | "jobs"
    | "processes"
    | "responses"
    | "% right";
}

/** The value below which the fraction `q` of the samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

export function toTable(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  return figures
    .map(({ name, value, unit }) => {
      const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
      const text = value.toLocaleString("en", { maximumFractionDigits: digits });
      return `${name.padEnd(width)}  ${text.padStart(10)} ${unit}`;
    })
    .join("\n");
}
