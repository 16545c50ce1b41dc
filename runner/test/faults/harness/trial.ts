/** One trial: a real daemon under the scheduled load, a fault, and the check of the ledger. */
import { randomBytes, randomInt } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";
import { checkInterruptions } from "./check-interruptions.ts";
import { checkLedger, type Verdict } from "./check-ledger.ts";
import { openEndpoint, openOwnEndpoints, type Endpoint } from "./endpoints.ts";
import { createLedger, WITNESS, type Ledger } from "./ledger.ts";
import { createLoad, type Load } from "./load.ts";
import { createSchedule, type Mix, type Schedule } from "./schedule.ts";

/** One seed for all trials of a run. FAULT_SEED replays a run. */
export const SEED = Number(process.env["FAULT_SEED"] ?? randomInt(2 ** 31));

const PLUGINS = fileURLToPath(new URL("../plugins", import.meta.url));
const SETTLE_MS = 60_000;

type DaemonOptions = NonNullable<Parameters<typeof startDaemon>[0]>;

export interface Trial {
  readonly schedule: Schedule;
  readonly ledger: Ledger;
  readonly load: Load;
  /** The folder with the daemon's data and the trial's own files. */
  readonly root: string;
  /** The running daemon. Throws while none is running. */
  daemon(): Daemon;
  /** The end of the newest daemon's output. */
  lastOutput(): string;
  /** Starts the daemon again on the same data. */
  start(options?: DaemonOptions): Promise<Daemon>;
  /** Ends the daemon with the signal. Returns its exit code, or null after a kill. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Resolves when this number of further jobs has ended. */
  untilEnded(jobs: number): Promise<void>;
}

export interface TrialOptions {
  readonly name: string;
  readonly mix?: Mix;
  /** The number of jobs that the load keeps open. Default 20. With 0, only the trial submits jobs. */
  readonly open?: number;
  readonly daemon?: DaemonOptions;
  /** The time in which all jobs and deliveries must end after the trial, in ms. Default 60 s. */
  readonly settleMs?: number;
  /** Whether a step is interrupted only by the kills that the ledger has recorded. */
  readonly onlyKillsInterrupt?: boolean;
  /** Endpoints that receive every event of every job, in addition to the witness. */
  readonly endpoints?: readonly Endpoint[];
  /** Called before the first start with the daemon's data folder. Returns a function that undoes it. */
  readonly prepare?: (dataDir: string) => Promise<() => Promise<void>>;
}

/** Runs the trial until all jobs and deliveries have ended. Throws the problems in the ledger. */
export async function runTrial(
  options: TrialOptions,
  act: (trial: Trial) => Promise<void>,
): Promise<Verdict> {
  const root = await mkdtemp(join(tmpdir(), "playground-fault-"));
  await mkdir(join(root, "data"));
  const undo = await options.prepare?.(join(root, "data"));
  const closers: (() => Promise<unknown>)[] = [
    () => rm(root, { recursive: true, force: true }),
    async () => undo?.(),
  ];
  let trial: Trial | null = null;
  try {
    trial = await openTrial(options, { root, closers });
    await act(trial);
    await trial.load.end();
    await settle(trial, options.settleMs ?? SETTLE_MS);
    const verdict = judge(trial, options);
    console.log(`${options.name}: ${toWords(verdict)}; seed ${SEED}`);
    if (verdict.problems.length > 0) throw new Error(toReport(verdict));
    return verdict;
  } catch (error) {
    throw new Error(await toFailure(error, options, trial), { cause: error });
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

function judge(
  { ledger }: Trial,
  { endpoints = [], onlyKillsInterrupt = false }: TrialOptions,
): Verdict {
  const verdict = checkLedger(ledger, [WITNESS, ...endpoints.map(({ name }) => name)]);
  if (!onlyKillsInterrupt) return verdict;
  return { ...verdict, problems: [...verdict.problems, ...checkInterruptions(ledger)] };
}

async function toFailure(
  error: unknown,
  options: TrialOptions,
  trial: Trial | null,
): Promise<string> {
  const lines = [String(error)];
  if (trial !== null) {
    await trial.load.end(0);
    lines.push(`The ledger: ${toReport(judge(trial, options))}`);
    lines.push(`The end of the daemon's output:\n${trial.lastOutput()}`);
  }
  lines.push(`Replay it with FAULT_SEED=${SEED} npm run test:faults -- -t '${options.name}'`);
  return lines.join("\n");
}

async function openTrial(
  { mix, open = 20, daemon: daemonOptions = {}, endpoints: others = [] }: TrialOptions,
  { root, closers }: { root: string; closers: (() => Promise<unknown>)[] },
): Promise<Trial> {
  const schedule = createSchedule(SEED, mix);
  const ledger = createLedger(join(root, "runs"));
  const endpoints = await openOwnEndpoints({ schedule, ledger });
  closers.push(() => Promise.all(Object.values(endpoints).map((endpoint) => endpoint.close())));
  let current: Daemon | null = null;
  let newest: Daemon | null = null;
  closers.push(async () => current?.close());

  async function start(changed: DaemonOptions = {}): Promise<Daemon> {
    current = null;
    const started = await startDaemon({
      root,
      pluginsDir: PLUGINS,
      ...daemonOptions,
      ...changed,
      env: { PLAYGROUND_LOG_LEVEL: "error", PLAYGROUND_GRACE_MS: "500", ...daemonOptions.env },
    });
    return (newest = current = started);
  }

  function daemon(): Daemon {
    if (current === null) throw new Error("No daemon is running.");
    return current;
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const ending = daemon();
    current = null;
    return ending.end(signal);
  }

  const untilEnded = async (jobs: number): Promise<void> => {
    const ended = (): number => ledger.accepted.size - ledger.open();
    const from = ended();
    await until(`${jobs} jobs to end`, () => ended() >= from + jobs);
  };

  const first = await start();
  const witness: Endpoint = {
    name: WITNESS,
    timeoutMs: 30_000,
    answer: (response) => void response.end(),
  };
  for (const { name, timeoutMs, answer } of [witness, ...others]) {
    const secret = `whsec_${randomBytes(32).toString("base64")}`;
    const receiver = await openEndpoint({ name, secret, answer, ledger });
    closers.push(() => receiver.close());
    await first.post("/v1/webhooks", { url: receiver.url, secret, timeoutMs, retries: 10 });
  }
  const load = createLoad({
    schedule,
    ledger,
    target: () => current,
    urls: { steady: endpoints.steady.url, slow: endpoints.slow.url, flaky: endpoints.flaky.url },
    clients: Math.min(4, open),
    open,
  });
  return {
    schedule,
    ledger,
    load,
    root,
    daemon,
    lastOutput: () => newest?.output().slice(-MAX_OUTPUT_CHARS) ?? "",
    start,
    end,
    untilEnded,
  };
}

/** Waits until the daemon's metrics show that nothing is left to do. */
async function settle(trial: Trial, timeoutMs: number): Promise<void> {
  await until("every job to have ended", () => trial.ledger.open() === 0, { timeoutMs });
  await until(
    "every delivery to be made",
    async () => {
      const text = await (await trial.daemon().request("/metrics")).text();
      const open = ['jobs{status="queued"}', 'jobs{status="running"}']
        .concat('deliveries{state="waiting"}', 'deliveries{state="due"}')
        .map((series) => `playground_${series} 0\n`);
      return open.every((line) => text.includes(line));
    },
    { timeoutMs },
  );
}

function toWords({ counts }: Verdict): string {
  return Object.entries(counts)
    .map(
      ([name, count]) =>
        `${count} ${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`,
    )
    .join(", ");
}

const MAX_PROBLEMS = 20;
const MAX_OUTPUT_CHARS = 4_000;

function toReport({ problems }: Verdict): string {
  const hidden = problems.length - MAX_PROBLEMS;
  const more = hidden > 0 ? `\n… and ${hidden} more` : "";
  return `${problems.slice(0, MAX_PROBLEMS).join("\n")}${more}`;
}
