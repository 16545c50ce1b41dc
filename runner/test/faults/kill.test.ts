/** `kill -9` again and again, with jobs in flight: nothing is lost, and nothing that completed runs again. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createRandom } from "../support/random.ts";
import { createReceiver, type Received } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const JOBS = 200;
const KILLS = 5;
const SEED = 20_261_123;

/** Writes a line when it begins, and takes some milliseconds, so that a kill falls into it. */
const LEDGER = `async (_, { job, options }) => {
  const line = { job: job.name, step: options.step, at: Date.now() };
  appendFileSync(job.input.ledger, JSON.stringify(line) + "\\n");
  await sleep(Math.random() * 8);
  return options.step;
}`;

interface Run {
  readonly job: string;
  readonly step: number;
  readonly at: number;
}

interface Submitted {
  readonly name: string;
  readonly steps: number;
  readonly jobId: string;
}

interface Arrival extends Received {
  readonly at: number;
}

test("two hundred jobs live through five kills", async () => {
  const random = createRandom(SEED);
  const root = await mkdtemp(join(tmpdir(), "playground-kill-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const arrivals: Arrival[] = [];
  const receiver = await createReceiver((one, response) => {
    arrivals.push({ ...one, at: Date.now() });
    response.end();
  });
  onTestFinished(() => receiver.close());
  const ledger = join(root, "ledger");
  const readRuns = async (): Promise<Run[]> => {
    const text = await readFile(ledger, "utf8").catch(() => "");
    return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Run]));
  };

  let daemon = await startDaemon({
    root,
    plugins: { ledger: LEDGER },
    env: { PLAYGROUND_LOG_LEVEL: "error" },
  });
  onTestFinished(() => daemon.close());
  const submitting = submitAll(() => daemon, { ledger, url: receiver.url });

  for (let kill = 0; kill < KILLS; kill += 1) {
    // After some steps of this life, so that every life gets on, and then at any moment of one.
    const from = (await readRuns()).length;
    const steps = 5 + random() * 45;
    await until("some steps to run", async () => (await readRuns()).length >= from + steps);
    await sleep(random() * 20);
    await daemon.end("SIGKILL");
    expect(checkDatabase(join(daemon.dataDir, "playground.db")).broken).toEqual([]);
    daemon = await startDaemon({ root, env: { PLAYGROUND_LOG_LEVEL: "error" } });
  }
  const jobs = await submitting;
  const inFlight = JOBS - (await daemon.get("/v1/jobs?status=completed&limit=200")).items.length;
  expect(inFlight, "jobs left for the last life").toBeGreaterThan(0);

  await until("every job to end and every event to be delivered", () => hasSettled(daemon), {
    timeoutMs: 60_000,
  });
  expectOneJobPerRequest(jobs);
  expectEventsInOrder(jobs, arrivals);
  await expectNoStepTwice(jobs, { daemon, arrivals, runs: await readRuns() });
}, 120_000);

/** Submits through every kill: a request without an answer is sent again with its key. */
async function submitAll(
  current: () => Daemon,
  { ledger, url }: { ledger: string; url: string },
): Promise<Submitted[]> {
  const jobs: Submitted[] = [];
  while (jobs.length < JOBS) {
    const name = `job-${jobs.length}`;
    const steps = jobs.length % 2 === 0 ? 1 : 3;
    const body = {
      plugins: Array.from({ length: steps }, (_, step) => ({ name: "ledger", options: { step } })),
      name,
      input: { ledger },
      webhook: { url },
    };
    const answer = await current()
      .post("/v1/jobs", body, { "idempotency-key": name })
      .catch(() => null);
    if (answer === null) await sleep(5);
    else jobs.push({ name, steps, jobId: answer.jobId });
  }
  return jobs;
}

async function hasSettled(daemon: Daemon): Promise<boolean> {
  const text = await (await daemon.request("/metrics")).text();
  const open = [
    'playground_jobs{status="queued"}',
    'playground_jobs{status="running"}',
    'playground_deliveries{state="waiting"}',
    'playground_deliveries{state="due"}',
  ];
  return open.every((series) => text.includes(`${series} 0\n`));
}

function expectOneJobPerRequest(jobs: readonly Submitted[]): void {
  expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(JOBS);
}

function expectEventsInOrder(jobs: readonly Submitted[], arrivals: readonly Arrival[]): void {
  const byJob = Map.groupBy(arrivals, ({ event }) => event.jobId as string);
  expect(byJob.size).toBe(JOBS);
  for (const { jobId, steps } of jobs) {
    const arrived = byJob.get(jobId) ?? [];
    const kinds = ["started", ...Array.from({ length: steps }, () => "progress"), "completed"];
    const byId = Map.groupBy(arrived, ({ headers }) => headers["webhook-id"]);
    const firsts = [...byId.values()].map(([first]) => first?.event);
    expect(firsts.map((event) => [event.sequence, event.status])).toEqual(
      kinds.map((kind, index) => [index + 1, kind]),
    );
    for (const copies of byId.values()) {
      expect(new Set(copies.map(({ body }) => body)).size).toBe(1);
    }
    // An event is sent again, if at all, before the next one is sent for the first time.
    const sequences = arrived.map(({ event }) => event.sequence as number);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  }
}

async function expectNoStepTwice(
  jobs: readonly Submitted[],
  seen: { daemon: Daemon; arrivals: readonly Arrival[]; runs: readonly Run[] },
): Promise<void> {
  const { daemon, arrivals, runs } = seen;
  const byStep = Map.groupBy(runs, ({ job, step }) => `${job} ${step}`);
  let interrupted = 0;
  for (const { name, jobId, steps } of jobs) {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    expect(job.status).toBe("completed");
    let before = 0;
    for (let step = 0; step < steps; step += 1) {
      const begun = byStep.get(`${name} ${step}`) ?? [];
      interrupted += begun.length - 1;
      // A step begins only when the one before it is on disk, and so never runs again.
      expect(begun[0]?.at).toBeGreaterThanOrEqual(before);
      // The outcome that is stored is the last run's: none began after it.
      const last = begun.at(-1)?.at ?? Number.NaN;
      expect(last).toBeGreaterThanOrEqual(Date.parse(job.steps[step].startedAt));
      expect(last).toBeLessThanOrEqual(Date.parse(job.steps[step].endedAt));
      const told = arrivals.find(
        ({ event }) => event.jobId === jobId && event.sequence === step + 2,
      );
      expect(last).toBeLessThanOrEqual(told?.at ?? 0);
      before = last;
    }
  }
  expect(interrupted, "steps that a kill interrupted").toBeGreaterThan(0);
}
