/** Holds what happened against the guarantees. Pure. */
import { createHash } from "node:crypto";
import { WITNESS, type AcceptedJob, type Arrival, type Ledger, type StepRun } from "./ledger.ts";
import { FAILURE_OF } from "./schedule.ts";

export interface Verdict {
  readonly counts: Readonly<Record<(typeof COUNTED)[number], number>>;
  /** Each broken promise in a sentence. */
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

/** How often a step that crashes interrupt may begin (guarantee 2). */
const MOST_BEGINS = 3;

export function checkLedger(
  ledger: Pick<Ledger, "accepted" | "arrivals" | "notes" | "runs">,
  /** Endpoints that want every event of every job, the witness among them. */
  toldAll: readonly string[],
): Verdict {
  const problems = [...ledger.notes];
  const counts = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Mutable;
  const arrivalsOf = Map.groupBy(ledger.arrivals, ({ jobId }) => jobId);
  const runsOf = Map.groupBy(ledger.runs(), ({ job }) => job);
  for (const [jobId, job] of ledger.accepted) {
    const arrivals = arrivalsOf.get(jobId) ?? [];
    const told = arrivals.filter(({ endpoint }) => endpoint === WITNESS);
    const runs = runsOf.get(job.plan.name) ?? [];
    const found = [
      ...checkOneEventOneId(arrivals),
      ...checkEnd(job, told, counts),
      ...toldAll.flatMap((endpoint) =>
        checkEndpoint({ endpoint, on: null }, told, { arrivals, counts }),
      ),
      ...checkEndpoint(job.plan, told, { arrivals, counts }),
      ...checkSteps(job, told, { runs, counts }),
    ];
    problems.push(...found.map((problem) => `${job.plan.name} (${jobId}): ${problem}`));
    counts.jobs += 1;
    counts.stepsRun += runs.length;
    counts.deliveries += arrivals.length;
    counts.events += firsts(told).length;
    // It answers each at once and well, so that only a lost daemon sends it one again.
    counts.duplicatesToTheWitness += told.length - firsts(told).length;
    counts.duplicateDeliveries +=
      arrivals.length - new Set(arrivals.map((one) => `${one.endpoint} ${one.webhookId}`)).size;
  }
  const strangers = [...arrivalsOf.keys()].filter((jobId) => !ledger.accepted.has(jobId));
  // Each request is made again, with its key, until it has its 202.
  if (strangers.length > 0) problems.push(`jobs that nobody was promised: ${strangers.join(", ")}`);
  return { counts, problems };
}

/** Each event once, in the order in which it first came. */
function firsts(arrivals: readonly Arrival[]): Arrival[] {
  return [...Map.groupBy(arrivals, ({ webhookId }) => webhookId).values()].flatMap(
    (copies) => copies[0] ?? [],
  );
}

/** In order: an event may come again, but never after a later one. */
function checkStream(arrivals: readonly Arrival[]): string[] {
  const sequences = arrivals.map(({ sequence }) => sequence);
  return sequences.some((sequence, index) => sequence < (sequences[index - 1] ?? 0))
    ? [`events came to ${arrivals[0]?.endpoint} out of order: ${sequences.join(" ")}`]
    : [];
}

function checkOneEventOneId(arrivals: readonly Arrival[]): string[] {
  const problems: string[] = [];
  for (const [sequence, copies] of Map.groupBy(arrivals, (arrival) => arrival.sequence)) {
    if (new Set(copies.map(({ webhookId }) => webhookId)).size > 1) {
      problems.push(`event ${sequence} came with several ids`);
    }
    if (new Set(copies.map(({ digest }) => digest)).size > 1) {
      problems.push(`event ${sequence} came with several bodies`);
    }
  }
  return problems;
}

/** The job ended, once, in a way that its plan allows; and its story has no gap. */
function checkEnd(
  { plan, wasCancelled }: AcceptedJob,
  told: readonly Arrival[],
  counts: Mutable,
): string[] {
  const story = firsts(told);
  const ends = story.filter(({ status }) => status === "completed" || status === "failed");
  const end = ends[0];
  if (end === undefined) {
    counts.jobsLost += 1;
    return [`never ended; of it came: ${story.map(({ status }) => status).join(" ") || "nothing"}`];
  }
  counts[end.status as "completed" | "failed"] += 1;
  if (ends.length > 1 || story.at(-1) !== end) return ["ended more than once, or before its end"];
  const missing = story.filter(({ sequence }, index) => sequence !== index + 1).length;
  counts.eventsLost += missing;
  const problems: string[] = [];
  if (missing > 0) problems.push(`has gaps: ${story.map(({ sequence }) => sequence).join(" ")}`);
  const steps = story.filter(({ status }) => status === "progress").length;
  const failing = plan.steps.findIndex(({ kind }) => kind !== "works");
  if (end.errorCode === "STEP_INTERRUPTED") counts.interruptedTooOften += 1;
  const isExcused =
    end.errorCode === "STEP_INTERRUPTED" || (wasCancelled && end.errorCode === "CANCELLED");
  if (isExcused) return problems;
  const kind = plan.steps[failing]?.kind ?? "works";
  const expected = kind === "works" ? "completed" : `failed ${FAILURE_OF[kind]}`;
  const ended = end.errorCode === null ? end.status : `${end.status} ${end.errorCode}`;
  if (ended !== expected) problems.push(`was to be ${expected} and is ${ended}`);
  const stepsWanted = failing < 0 ? plan.steps.length : failing;
  if (steps !== stepsWanted) problems.push(`told of ${steps} completed steps, not ${stepsWanted}`);
  return problems;
}

/** The endpoint got those events that it asked for, all of them and no others, in order. */
function checkEndpoint(
  { endpoint, on }: { endpoint: string; on: readonly string[] | null },
  told: readonly Arrival[],
  { arrivals, counts }: { arrivals: readonly Arrival[]; counts: Mutable },
): string[] {
  const there = arrivals.filter((arrival) => arrival.endpoint === endpoint);
  const got = firsts(there).map(({ sequence }) => sequence);
  const wanted = firsts(told)
    .filter(({ status }) => on === null || on.includes(status))
    .map(({ sequence }) => sequence);
  counts.eventsLost += wanted.filter((sequence) => !got.includes(sequence)).length;
  const problems = checkStream(there);
  if (got.join(" ") !== wanted.join(" ")) {
    problems.push(`${endpoint} wanted events ${wanted.join(" ")} and got ${got.join(" ")}`);
  }
  return problems;
}

/**
 * A step whose outcome was stored never began again: its last run is the one that `completed`
 * tells of, the one that the next step was given, and none began once its `progress` had come.
 */
function checkSteps(
  { plan }: AcceptedJob,
  told: readonly Arrival[],
  { runs, counts }: { runs: readonly StepRun[]; counts: Mutable },
): string[] {
  const problems: string[] = [];
  const digest = createHash("sha256").update(plan.text).digest("hex");
  const story = firsts(told);
  const progress = story.filter(({ status }) => status === "progress");
  const outputs = story.find(({ status }) => status === "completed")?.outputs ?? [];
  for (const step of plan.steps.keys()) {
    const begun = runs.filter((run) => run.step === step);
    const last = begun.at(-1);
    counts.stepsInterrupted += Math.max(0, begun.length - 1);
    if (begun.length > MOST_BEGINS) problems.push(`step ${step} began ${begun.length} times`);
    const stored = runs.filter((run) => run.step === step + 1).map(({ from }) => from);
    if (outputs[step] !== undefined) stored.push(outputs[step].run);
    const toldAt = progress[step]?.runsBefore ?? Number.POSITIVE_INFINITY;
    if (stored.some((run) => run !== last?.run) || (last?.at ?? 0) >= toldAt) {
      counts.completedStepsRunAgain += 1;
      problems.push(`step ${step} ran again after it had completed`);
    }
    if (outputs[step] !== undefined && outputs[step].digest !== digest) {
      problems.push(`step ${step} was given another input than the request's`);
    }
  }
  return problems;
}
