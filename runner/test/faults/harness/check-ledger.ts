/** Checks the ledger against the guarantees. Pure. */
import { createHash } from "node:crypto";
import { WITNESS, type AcceptedJob, type Arrival, type Ledger, type StepRun } from "./ledger.ts";
import { FAILURE_OF, fails, UNSTEADY_ATTEMPTS } from "./schedule.ts";

export interface Verdict {
  readonly counts: Readonly<Record<(typeof COUNTED)[number], number>>;
  /** Each broken guarantee, in a sentence. */
  readonly problems: readonly string[];
}

const COUNTED = [
  "jobs",
  "completed",
  "failed",
  "interruptedTooOften",
  "stepsRun",
  "stepsInterrupted",
  "events",
  "deliveries",
  "duplicateDeliveries",
  "duplicatesToTheWitness",
  "jobsLost",
  "eventsLost",
  "completedStepsRunAgain",
] as const;

type Mutable = { -readonly [Name in keyof Verdict["counts"]]: number };

/** How often a step can begin when crashes interrupt it (guarantee 2). */
const MAX_BEGINS = 3;

export function checkLedger(
  ledger: Pick<Ledger, "accepted" | "arrivals" | "notes" | "runs">,
  /** Endpoints that want every event of every job, the witness included. */
  allEventEndpoints: readonly string[],
): Verdict {
  const problems = [...ledger.notes];
  const counts = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Mutable;
  const arrivalsOf = Map.groupBy(ledger.arrivals, ({ jobId }) => jobId);
  const runsOf = Map.groupBy(ledger.runs(), ({ job }) => job);
  for (const [jobId, job] of ledger.accepted) {
    const arrivals = arrivalsOf.get(jobId) ?? [];
    const witnessed = arrivals.filter(({ endpoint }) => endpoint === WITNESS);
    const runs = runsOf.get(job.plan.name) ?? [];
    const found = [
      ...checkOneEventOneId(arrivals),
      ...checkEnd(job, witnessed, counts),
      ...allEventEndpoints.flatMap((endpoint) =>
        checkEndpoint({ endpoint, on: null }, witnessed, { arrivals, counts }),
      ),
      ...checkEndpoint(job.plan, witnessed, { arrivals, counts }),
      ...checkSteps(job, witnessed, { runs, counts }),
    ];
    problems.push(...found.map((problem) => `${job.plan.name} (${jobId}): ${problem}`));
    counts.jobs += 1;
    counts.stepsRun += runs.length;
    counts.deliveries += arrivals.length;
    counts.events += firsts(witnessed).length;
    // The witness accepts every event immediately, so that only a killed daemon causes a duplicate.
    counts.duplicatesToTheWitness += witnessed.length - firsts(witnessed).length;
    counts.duplicateDeliveries +=
      arrivals.length - new Set(arrivals.map((one) => `${one.endpoint} ${one.webhookId}`)).size;
  }
  const unknown = [...arrivalsOf.keys()].filter((jobId) => !ledger.accepted.has(jobId));
  // Clients repeat each request, with its key, until they get a 202.
  if (unknown.length > 0) problems.push(`jobs that no client got a 202 for: ${unknown.join(", ")}`);
  return { counts, problems };
}

/** Each event once, in the order of its first arrival. */
function firsts(arrivals: readonly Arrival[]): Arrival[] {
  return [...Map.groupBy(arrivals, ({ webhookId }) => webhookId).values()].flatMap(
    (copies) => copies[0] ?? [],
  );
}

/** An event can arrive again, but never after a later one. */
function checkStream(arrivals: readonly Arrival[]): string[] {
  const sequences = arrivals.map(({ sequence }) => sequence);
  return sequences.some((sequence, index) => sequence < (sequences[index - 1] ?? 0))
    ? [`events arrived at ${arrivals[0]?.endpoint} out of order: ${sequences.join(" ")}`]
    : [];
}

function checkOneEventOneId(arrivals: readonly Arrival[]): string[] {
  const problems: string[] = [];
  for (const [sequence, copies] of Map.groupBy(arrivals, (arrival) => arrival.sequence)) {
    if (new Set(copies.map(({ webhookId }) => webhookId)).size > 1) {
      problems.push(`event ${sequence} arrived with several ids`);
    }
    if (new Set(copies.map(({ digest }) => digest)).size > 1) {
      problems.push(`event ${sequence} arrived with several bodies`);
    }
  }
  return problems;
}

/** The job ended once, in a way that its plan allows, and its events have no gap. */
function checkEnd(
  { plan, wasCancelled }: AcceptedJob,
  witnessed: readonly Arrival[],
  counts: Mutable,
): string[] {
  const events = firsts(witnessed);
  const ends = events.filter(({ status }) => status === "completed" || status === "failed");
  const end = ends[0];
  if (end === undefined) {
    counts.jobsLost += 1;
    return [`never ended; its events: ${events.map(({ status }) => status).join(" ") || "none"}`];
  }
  counts[end.status as "completed" | "failed"] += 1;
  if (ends.length > 1 || events.at(-1) !== end) return ["ended twice, or had events after its end"];
  const missing = events.filter(({ sequence }, index) => sequence !== index + 1).length;
  counts.eventsLost += missing;
  const problems: string[] = [];
  if (missing > 0) problems.push(`has gaps: ${events.map(({ sequence }) => sequence).join(" ")}`);
  const steps = events.filter(({ status }) => status === "progress").length;
  const failing = plan.steps.findIndex(({ kind }) => fails(kind));
  if (end.errorCode === "STEP_INTERRUPTED") counts.interruptedTooOften += 1;
  const isExcused =
    end.errorCode === "STEP_INTERRUPTED" || (wasCancelled && end.errorCode === "CANCELLED");
  if (isExcused) return problems;
  const kind = plan.steps[failing]?.kind ?? "works";
  const expected = fails(kind) ? `failed ${FAILURE_OF[kind]}` : "completed";
  const ended = end.errorCode === null ? end.status : `${end.status} ${end.errorCode}`;
  if (ended !== expected) problems.push(`is ${ended}, expected ${expected}`);
  const wanted = failing < 0 ? plan.steps.length : failing;
  if (steps !== wanted) problems.push(`reported ${steps} completed steps, expected ${wanted}`);
  return problems;
}

/** The endpoint received exactly the events that it wants, in order. */
function checkEndpoint(
  { endpoint, on }: { endpoint: string; on: readonly string[] | null },
  witnessed: readonly Arrival[],
  { arrivals, counts }: { arrivals: readonly Arrival[]; counts: Mutable },
): string[] {
  const own = arrivals.filter((arrival) => arrival.endpoint === endpoint);
  const received = firsts(own).map(({ sequence }) => sequence);
  const wanted = firsts(witnessed)
    .filter(({ status }) => on === null || on.includes(status))
    .map(({ sequence }) => sequence);
  counts.eventsLost += wanted.filter((sequence) => !received.includes(sequence)).length;
  const problems = checkStream(own);
  if (received.join(" ") !== wanted.join(" ")) {
    problems.push(`${endpoint} wanted events ${wanted.join(" ")}, received ${received.join(" ")}`);
  }
  return problems;
}

/**
 * A step whose outcome was stored never began again. The output of its last run is the one that the
 * next step received and that `completed` has, and no run began after its `progress` had arrived.
 */
function checkSteps(
  { plan }: AcceptedJob,
  witnessed: readonly Arrival[],
  { runs, counts }: { runs: readonly StepRun[]; counts: Mutable },
): string[] {
  const problems: string[] = [];
  const digest = createHash("sha256").update(plan.text).digest("hex");
  const events = firsts(witnessed);
  const progress = events.filter(({ status }) => status === "progress");
  const outputs = events.find(({ status }) => status === "completed")?.outputs ?? [];
  for (const step of plan.steps.keys()) {
    const begun = runs.filter((run) => run.step === step);
    const last = begun.at(-1);
    const attempts = [...Map.groupBy(begun, ({ attempt }) => attempt).values()];
    for (const { length } of attempts) {
      counts.stepsInterrupted += length - 1;
      if (length > MAX_BEGINS) problems.push(`an attempt of step ${step} began ${length} times`);
    }
    const numbers = begun.map(({ attempt }) => attempt);
    if (numbers.some((number, index) => number < (numbers[index - 1] ?? 1)))
      problems.push(`step ${step} began an attempt again that had failed: ${numbers.join(" ")}`);
    const isOver = outputs[step] !== undefined;
    if (isOver && plan.steps[step]?.kind === "unsteady" && attempts.length !== UNSTEADY_ATTEMPTS)
      problems.push(`step ${step} completed after ${attempts.length} attempts`);
    const stored = runs.filter((run) => run.step === step + 1).map(({ from }) => from);
    if (outputs[step] !== undefined) stored.push(outputs[step].run);
    const progressAt = progress[step]?.runsBefore ?? Number.POSITIVE_INFINITY;
    if (stored.some((run) => run !== last?.run) || (last?.at ?? 0) >= progressAt) {
      counts.completedStepsRunAgain += 1;
      problems.push(`step ${step} ran again after it had completed`);
    }
    if (outputs[step] !== undefined && outputs[step].digest !== digest) {
      problems.push(`step ${step} received an input that is not the request's`);
    }
  }
  return problems;
}
