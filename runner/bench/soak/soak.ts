/**
 * `npm run soak -- --minutes N [--out FOLDER] [--rate JOBS_PER_SECOND]` runs one daemon under a
 * steady load, with crashing plugins, cancelled jobs and an endpoint that goes down every half
 * minute. The retention is short, so that the size of the database must stay constant. At the end,
 * the ledger of the fault tests checks every job and event.
 */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Endpoint } from "../../test/faults/harness/endpoints.ts";
import { runTrial, SEED, type Trial } from "../../test/faults/harness/trial.ts";
import { median } from "../figures.ts";
import { toSvg, type Outage } from "./plot.ts";
import { takeSample, type Sample } from "./sample.ts";

const SAMPLE_EVERY_MS = 5_000;
const OUTAGE_EVERY_MS = 30_000;
const OUTAGE_MS = 5_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const RETENTION_MS = 30_000;
/** Time for the retries of the last outage, and for a backlog on a busy machine. */
const SETTLE_MS = 300_000;
const TABLE_ROWS = 12;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    out: { type: "string" },
    rate: { type: "string", default: "5" },
  },
});
const endAt = toNumber("--minutes", values.minutes) * 60_000;
const betweenJobsMs = 1_000 / toNumber("--rate", values.rate);
const out = resolve(values.out ?? (await mkdtemp(join(tmpdir(), "playground-soak-"))));
await mkdir(out, { recursive: true });

function toNumber(flag: string, text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  console.error(`${flag} is ${JSON.stringify(text)}: it must be a number above 0.`);
  process.exit(2);
}

const samples: Sample[] = [];
const outages: Outage[] = [];
let isDown = false;
let acceptMs: number[] = [];
let arrivalMs: number[] = [];

const endpoints: readonly Endpoint[] = [
  {
    name: "healthy",
    timeoutMs: 5_000,
    answer(response, { event }) {
      arrivalMs.push(Date.now() - Date.parse(event.timestamp as string));
      response.end();
    },
  },
  {
    name: "with outages",
    timeoutMs: 5_000,
    answer: (response) => void (isDown ? response.destroy() : response.end()),
  },
];

async function soak(trial: Trial): Promise<void> {
  const from = performance.now();
  const elapsed = (): number => performance.now() - from;
  const submissions: Promise<void>[] = [];
  let nextJobAt = 0;
  let nextSampleAt = 0;
  while (elapsed() < endAt) {
    if (elapsed() >= nextJobAt) {
      nextJobAt += betweenJobsMs;
      submissions.push(submit(trial));
    }
    if (elapsed() >= nextSampleAt) {
      nextSampleAt += SAMPLE_EVERY_MS;
      addSample(trial, elapsed());
    }
    setOutage(elapsed());
    await sleep(Math.max(1, Math.min(nextJobAt, nextSampleAt) - elapsed()));
  }
  isDown = false;
  await Promise.all(submissions);
  addSample(trial, elapsed());
}

async function submit({ load }: Trial): Promise<void> {
  const from = performance.now();
  await load.submit();
  acceptMs.push(performance.now() - from);
}

/** The endpoint is down in the last seconds of each half minute, except at the end. */
function setOutage(at: number): void {
  const isDue = at % OUTAGE_EVERY_MS > OUTAGE_EVERY_MS - OUTAGE_MS && at < endAt - OUTAGE_EVERY_MS;
  if (isDue === isDown) return;
  if (isDue) outages.push({ from: at, to: at + OUTAGE_MS });
  isDown = isDue;
}

function addSample(trial: Trial, at: number): void {
  const daemon = trial.daemon();
  const { ledger } = trial;
  const jobsEnded = ledger.accepted.size - ledger.open();
  samples.push(takeSample({ at, daemon, jobsEnded, acceptMs, arrivalMs }));
  acceptMs = [];
  arrivalMs = [];
}

const COLUMNS: readonly (readonly [string, (sample: Sample) => string])[] = [
  ["minute", ({ at }) => (at / 60_000).toFixed(1)],
  ["jobs", ({ jobsEnded }) => String(jobsEnded)],
  ["resident MB", ({ residentMb }) => residentMb.toFixed(0)],
  ["descriptors", ({ descriptors }) => String(descriptors)],
  ["threads", ({ threads }) => String(threads)],
  ["database MB", ({ databaseMb }) => databaseMb.toFixed(1)],
  ["log MB", ({ logMb }) => logMb.toFixed(1)],
  ["202 p50/p99 ms", ({ acceptP50, acceptP99 }) => pair(acceptP50, acceptP99)],
  ["arrival p50/p99 ms", ({ arrivalP50, arrivalP99 }) => pair(arrivalP50, arrivalP99)],
];

function pair(p50: number | null, p99: number | null): string {
  return `${p50?.toFixed(0) ?? "-"} / ${p99?.toFixed(0) ?? "-"}`;
}

function toTable(): string {
  const every = Math.max(1, Math.ceil(samples.length / TABLE_ROWS));
  const shown = samples.filter((_, at) => at % every === 0 || at === samples.length - 1);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(COLUMNS.map(([name]) => name)),
    line(COLUMNS.map(() => "--:")),
    ...shown.map((sample) => line(COLUMNS.map(([, show]) => show(sample)))),
  ].join("\n");
}

/** The ratio of the last quarter's median to the second's. The first quarter is the warm-up. */
function growth(field: "residentMb" | "descriptors" | "databaseMb"): string {
  const [, second = Number.NaN, , last = Number.NaN] = byQuarter(field);
  return `${(last / second).toFixed(2)}×`;
}

/** The median of the samples in each quarter. */
function byQuarter(field: Exclude<keyof Sample, "at">): readonly number[] {
  return [0, 1, 2, 3].map((n) => {
    const part = samples.slice((n * samples.length) / 4, ((n + 1) * samples.length) / 4);
    return median(part.map((sample) => sample[field]).filter((value) => value !== null));
  });
}

function toReport(): string {
  const quarters = (field: "acceptP99" | "arrivalP99"): string =>
    byQuarter(field)
      .map((ms) => ms.toFixed(0))
      .join(", ");
  return `${toTable()}

Last quarter relative to the second: memory ${growth("residentMb")}, descriptors ${growth("descriptors")}, database ${growth("databaseMb")}.
Median p99 in each quarter, ms: 202 ${quarters("acceptP99")}; arrival ${quarters("arrivalP99")}.
`;
}

async function writeReport(): Promise<void> {
  await writeFile(join(out, "soak.svg"), toSvg(samples, outages));
  await writeFile(join(out, "soak.md"), toReport());
  await writeFile(join(out, "samples.json"), JSON.stringify({ seed: SEED, outages, samples }));
}

try {
  await runTrial(
    {
      name: `soak of ${values.minutes} minutes`,
      open: 0,
      settleMs: SETTLE_MS,
      mix: { failing: { share: 0.05, kinds: ["throws", "exits", "exhausts"] } },
      endpoints,
      daemon: {
        env: {
          PLAYGROUND_RETENTION_DAYS: String(RETENTION_MS / DAY_MS),
          PLAYGROUND_THREAD_MEMORY_MB: "64",
        },
      },
    },
    soak,
  );
} finally {
  await writeReport();
  console.log(`\n${toReport()}\nThe report is in ${out}`);
}
