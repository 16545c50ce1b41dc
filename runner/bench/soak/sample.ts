/** One sample of the daemon's resources and latencies, measured from outside. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "../../test/support/daemon.ts";
import { quantile } from "../figures.ts";
import { residentMb } from "../metrics-of.ts";

export interface Sample {
  /** Time since the start of the soak test, in ms. */
  readonly at: number;
  readonly jobsEnded: number;
  readonly residentMb: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly databaseMb: number;
  readonly logMb: number;
  /** Latencies of the requests since the last sample, in ms. Null if there were none. */
  readonly acceptP50: number | null;
  readonly acceptP99: number | null;
  /** Times from an event to its arrival at a healthy endpoint, in ms. */
  readonly arrivalP50: number | null;
  readonly arrivalP99: number | null;
}

export function takeSample(seen: {
  at: number;
  daemon: Daemon;
  jobsEnded: number;
  acceptMs: readonly number[];
  arrivalMs: readonly number[];
}): Sample {
  const { daemon, acceptMs, arrivalMs } = seen;
  const { dataDir } = daemon;
  const pid = daemon.process.pid ?? 0;
  const sizeMb = (file: string): number =>
    (statSync(join(dataDir, file), { throwIfNoEntry: false })?.size ?? 0) / 1e6;
  const of = (samples: readonly number[], q: number): number | null =>
    samples.length === 0 ? null : quantile(samples, q);
  return {
    at: seen.at,
    jobsEnded: seen.jobsEnded,
    residentMb: residentMb(daemon),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
    databaseMb: sizeMb("playground.db"),
    logMb: sizeMb("playground.db-wal"),
    acceptP50: of(acceptMs, 0.5),
    acceptP99: of(acceptMs, 0.99),
    arrivalP50: of(arrivalMs, 0.5),
    arrivalP99: of(arrivalMs, 0.99),
  };
}
