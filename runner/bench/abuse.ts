/**
 * `npm run bench -- abuse [--seconds N]` runs a daemon with the memory of a small machine while
 * clients with read and run tokens, and plugins, do everything at the same time that ended a daemon
 * before (abuse/attacks.ts, abuse/plugins.ts). It fails if the daemon's process ends, if memory passes
 * its bounds, if a request of a client gets no response, if a delivery is lost, or if a well-behaved
 * client gets less than half of the jobs done that it gets done without the abuse.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../test/support/cli.ts";
import { dropPlugin, startDaemon, type Daemon } from "../test/support/daemon.ts";
import { UNANSWERED } from "./abuse/attacks.ts";
import { sampleFootprint, type Footprint } from "./abuse/footprint.ts";
import { createMemoryCgroup, type MemoryCgroup } from "./abuse/memory-cgroup.ts";
import { ABUSIVE, CRASHING, READABLE } from "./abuse/plugins.ts";
import type { AttackReport } from "./attack-process.ts";
import { quantile, type Figure } from "./figures.ts";
import { runAttacks, runSteadyClient } from "./processes.ts";
import type { SteadyReport } from "./steady-client-process.ts";

/** For the daemon and all processes that it starts. */
const MACHINE_MB = 1024;
/** For the daemon's own process. */
const DAEMON_MB = 700;
const MIN_RATIO = 0.5;
const RATE_PER_SECOND = 20;
const SAMPLE_EVERY_MS = 250;
const SETTLE_MS = 60_000;
const DAY_SECONDS = 24 * 60 * 60;

/** What docs/guides/run-in-production.md advises for a machine with 1 GiB. */
const SETTINGS = {
  PLAYGROUND_THREADS: "2",
  PLAYGROUND_THREAD_MEMORY_MB: "64",
  PLAYGROUND_EXECUTOR_MEMORY_MB: "320",
  PLAYGROUND_OUTPUT_LIMIT: String(8 * 1024 * 1024),
  MALLOC_MMAP_THRESHOLD_: "131072",
};

const STEADY = {
  plugins: ["counts-words"],
  input: { text: "the quick brown fox jumps over the lazy dog" },
};

export async function benchAbuse(seconds: number): Promise<{ figures: readonly Figure[] }> {
  const root = await mkdtemp(join(tmpdir(), "playground-bench-"));
  const cgroup = createMemoryCgroup(MACHINE_MB * 1024 * 1024);
  if (cgroup === null) console.log("No memory cgroup can be created: only samples are compared.");
  let daemon: Daemon | null = null;
  try {
    daemon = await start(root, cgroup);
    const found = await measure(daemon, { seconds, cgroup });
    for (const fault of faultsIn(found)) {
      console.error(`FAILED: ${fault}`);
      process.exitCode = 1;
    }
    return { figures: toFigures(found) };
  } finally {
    await daemon?.close();
    await rm(root, { recursive: true, force: true });
    await cgroup?.remove();
  }
}

async function start(root: string, cgroup: MemoryCgroup | null): Promise<Daemon> {
  const plugins = {
    ...ABUSIVE,
    ...CRASHING,
    ...READABLE,
    "counts-words": "(input) => ({ words: input.text.split(/\\s+/).length })",
  };
  for (const [name, source] of Object.entries(plugins)) {
    await dropPlugin(join(root, "plugins"), name, source);
  }
  // A child starts in the cgroup of its parent: V8 reads the limit when it starts.
  cgroup?.enter();
  try {
    return await startDaemon({
      root,
      env: {
        PLAYGROUND_LOG_LEVEL: "warn",
        PLAYGROUND_GRACE_MS: "500",
        // The waiting jobs have 4 MiB each, and ten minutes of them need not fit on the disk.
        PLAYGROUND_RETENTION_DAYS: String(60 / DAY_SECONDS),
        ...SETTINGS,
      },
      onSpawn: () => cgroup?.leave(),
    });
  } catch (error) {
    cgroup?.leave();
    throw error;
  }
}

interface Found {
  readonly quiet: SteadyReport;
  readonly abused: SteadyReport;
  readonly ratio: number;
  readonly attacks: AttackReport;
  readonly footprint: Footprint;
  readonly hasCgroup: boolean;
  readonly oomKills: number;
  readonly executorsEnded: number;
  readonly executorsDrained: number;
  /** How the daemon's process ended; null if it did not. */
  readonly ended: string | null;
}

async function measure(
  daemon: Daemon,
  { seconds, cgroup }: { seconds: number; cgroup: MemoryCgroup | null },
): Promise<Found> {
  const { dataDir, url, token } = daemon;
  const readToken = await addToken(dataDir, "read");
  const runToken = await addToken(dataDir, "run");
  const target = { url, readToken, runToken, ...(await makeJobs(daemon)) };
  const steady = {
    url: `${url}/v1/jobs`,
    token,
    body: STEADY,
    ratePerSecond: RATE_PER_SECOND,
    settleMs: SETTLE_MS,
  };
  const quietMs = Math.min(60, seconds / 4) * 1_000;
  const quiet = await runSteadyClient({ ...steady, forMs: quietMs });
  const sampling = sampleFootprint(daemon.process.pid ?? 0, SAMPLE_EVERY_MS);
  const forMs = seconds * 1_000;
  const [attacks, abused] = await Promise.all([
    runAttacks({ target, forMs }),
    runSteadyClient({ ...steady, forMs }),
  ]);
  const { exitCode, signalCode } = daemon.process;
  const countOf = (event: string): number => daemon.output().split(`"${event}"`).length - 1;
  return {
    quiet,
    abused,
    ratio: abused.inTime / forMs / (quiet.inTime / quietMs),
    attacks,
    footprint: sampling.stop(),
    hasCgroup: cgroup !== null,
    oomKills: cgroup?.oomKills() ?? 0,
    executorsEnded: countOf("executor.ended"),
    executorsDrained: countOf("executor.drained"),
    ended: signalCode ?? (exitCode === null ? null : `exit code ${exitCode}`),
  };
}

async function addToken(dataDir: string, scope: string): Promise<string> {
  const added = await runCli(["tokens", "add", scope, "--scope", scope, "--data-dir", dataDir]);
  if (added.code !== 0) throw new Error(added.stderr);
  return added.stdout.trim();
}

/** An endpoint that refuses all connections, so that its jobs are not deleted with their retention. */
const NOWHERE = { url: "http://127.0.0.1:9/", retries: 10 };

/** Runs the jobs that the attacks read. */
async function makeJobs(daemon: Daemon): Promise<{ largeJob: string; eventsJob: string }> {
  const run = async (job: object): Promise<string> => {
    const ended = await daemon.post(
      "/v1/jobs",
      { ...job, webhook: NOWHERE },
      { prefer: "wait=60" },
    );
    if (ended.status !== "completed") throw new Error(`The job is ${ended.status}: ${ended.error}`);
    return String(ended.jobId);
  };
  const plugins = Array.from({ length: 20 }, () => "echo");
  return {
    largeJob: await run({ plugins: ["large-output"] }),
    eventsJob: await run({ plugins, input: "x".repeat(900_000) }),
  };
}

function faultsIn(found: Found): string[] {
  const { abused, ratio, footprint, ended } = found;
  const faults: string[] = [];
  const expect = (isRight: boolean, fault: string): void => void (isRight || faults.push(fault));
  const daemonMb = Math.max(...footprint.daemonMb);
  const allMb = Math.max(...footprint.allMb);
  expect(ended === null, `the daemon's process ended: ${ended}`);
  expect(daemonMb <= DAEMON_MB, `the daemon used ${daemonMb.toFixed()} of ${DAEMON_MB} MiB`);
  expect(allMb <= MACHINE_MB, `all processes used ${allMb.toFixed()} of ${MACHINE_MB} MiB`);
  expect(ratio >= MIN_RATIO, `the well-behaved client kept ${ratio.toFixed(2)} of its rate`);
  expect(abused.failed === 0, `${abused.failed} of its jobs failed`);
  expect(abused.lost === 0, `${abused.lost} of its events were lost`);
  for (const [name, outcomes] of Object.entries(found.attacks)) {
    const unanswered = outcomes[UNANSWERED] ?? 0;
    expect(unanswered === 0, `${unanswered} requests of "${name}" got no response`);
  }
  return faults;
}

function toFigures(found: Found): Figure[] {
  const { quiet, abused, footprint, attacks } = found;
  for (const [name, outcomes] of Object.entries(attacks)) {
    const counts = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}×`);
    console.log(`${name}: ${counts.join(", ")}`);
  }
  console.log(`well-behaved client: ${JSON.stringify(abused.responses)}`);
  const bySecond = (count: number, report: SteadyReport): number =>
    (count * RATE_PER_SECOND) / report.sent;
  return [
    { name: "jobs completed, quiet", value: bySecond(quiet.inTime, quiet), unit: "jobs/s" },
    { name: "jobs completed, abused", value: bySecond(abused.inTime, abused), unit: "jobs/s" },
    { name: "part of its rate that the client keeps", value: found.ratio, unit: "×" },
    { name: "submission to event, quiet, p50", value: quiet.p50Ms, unit: "ms" },
    { name: "submission to event, abused, p50", value: abused.p50Ms, unit: "ms" },
    { name: "submission to event, abused, p99", value: abused.p99Ms, unit: "ms" },
    { name: "jobs accepted, abused", value: abused.accepted, unit: "jobs" },
    { name: "jobs failed", value: abused.failed, unit: "jobs" },
    { name: "deliveries lost", value: abused.lost, unit: "deliveries" },
    ...refusals(attacks),
    { name: "executors ended", value: found.executorsEnded, unit: "executors" },
    { name: "executors drained", value: found.executorsDrained, unit: "executors" },
    ...(found.hasCgroup
      ? [{ name: "ended by the kernel", value: found.oomKills, unit: "processes" } as const]
      : []),
    { name: "daemon, p99", value: quantile(footprint.daemonMb, 0.99), unit: "MiB" },
    { name: "daemon, maximum", value: Math.max(...footprint.daemonMb), unit: "MiB" },
    { name: "all processes, p99", value: quantile(footprint.allMb, 0.99), unit: "MiB" },
    { name: "all processes, maximum", value: Math.max(...footprint.allMb), unit: "MiB" },
  ];
}

/** The responses to the attacks by status, without those of jobs. */
function refusals(attacks: AttackReport): Figure[] {
  const counts = new Map<string, number>();
  for (const outcomes of Object.values(attacks)) {
    for (const [outcome, count] of Object.entries(outcomes)) {
      if (/^[45]/.test(outcome)) counts.set(outcome, (counts.get(outcome) ?? 0) + count);
    }
  }
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([status, value]) => ({ name: `refused with ${status}`, value, unit: "responses" }));
}
