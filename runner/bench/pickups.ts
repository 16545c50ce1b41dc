/** How long a job waits until it is picked up, in daemons that are measured alternately. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Daemon } from "../test/support/daemon.ts";
import { quantile, type Figure } from "./figures.ts";
import type { ReceiverProcess } from "./processes.ts";

const ROUNDS = 9;
const PICKUPS = 20;

/** Submits one job at a time. Returns the times from the POST to the `started` event. */
export async function pickUp(daemon: Daemon, receiver: ReceiverProcess): Promise<number[]> {
  const took: number[] = [];
  const body = {
    plugins: ["pause"],
    input: { ms: 0 },
    priority: 1,
    webhook: { url: receiver.url, on: ["started"] },
  };
  for (let n = 0; n < PICKUPS; n += 1) {
    const reached = receiver.expect(1);
    const from = performance.timeOrigin + performance.now();
    await daemon.post("/v1/jobs", body);
    took.push((await reached) - from);
    await sleep(10);
  }
  return took;
}

export type Rounds = readonly (readonly [readonly number[], readonly number[]])[];

export async function alternately(
  a: Daemon,
  b: Daemon,
  measure: (daemon: Daemon) => Promise<number[]>,
): Promise<Rounds> {
  const rounds: [number[], number[]][] = [];
  for (const daemon of [a, b]) await measure(daemon);
  for (let round = 0; round < ROUNDS; round += 1) rounds.push([await measure(a), await measure(b)]);
  return rounds;
}

/** Combines all rounds, because one round has too few samples for a p99. */
export function toFigures(
  title: string,
  [first, second]: readonly [string, string],
  rounds: Rounds,
): Figure[] {
  const a = rounds.flatMap(([samples]) => samples);
  const b = rounds.flatMap(([, samples]) => samples);
  const quantiles = [
    ["p50", 0.5],
    ["p99", 0.99],
  ] as const;
  return quantiles.flatMap(([label, q]): Figure[] => [
    { name: `${title}: ${first}, ${label}`, value: quantile(a, q), unit: "ms" },
    { name: `${title}: ${second}, ${label}`, value: quantile(b, q), unit: "ms" },
    { name: `${title}: ratio, ${label}`, value: quantile(b, q) / quantile(a, q), unit: "×" },
  ]);
}
