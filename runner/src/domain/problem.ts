/**
 * What is wrong with a daemon, in words for its operator. Pure. The sentences contain no times: a
 * reader shows `since` and `until` in their own time zone.
 */
import type { Hold } from "./hold.ts";

export const PROBLEM_KINDS = [
  "not-ready",
  "destination-failing",
  "destination-paused",
  "webhook-off",
  "webhook-paused",
  "certificate-old",
  "schedule-paused",
  "plugin-broken",
  "jobs-waiting",
  "queue-behind",
  "queue-nearly-full",
  "executor-ended",
  "disk-nearly-full",
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** What a problem is about. */
export type ProblemTarget =
  | { readonly destinationId: string }
  | { readonly webhookId: string }
  | { readonly plugin: string }
  | { readonly schedule: string }
  | { readonly limit: string };

export interface Problem {
  readonly kind: ProblemKind;
  /** `error`: work fails or stands still. `warning`: it will, or it did. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly target: ProblemTarget | null;
  readonly since: number | null;
  /** When it is tried again. */
  readonly until: number | null;
  /** How many events, jobs or processes it concerns. */
  readonly count: number | null;
}

/** A destination that nothing is sent to now. */
export interface HeldDestination {
  readonly id: string;
  /** The origin of its URL. */
  readonly origin: string;
  /** Null for the origin of jobs' webhooks. */
  readonly webhook: {
    readonly id: string;
    readonly state: "active" | "paused" | "off";
    readonly reason: string | null;
  } | null;
  readonly hold: Hold;
  readonly lastError: string | null;
  /** Deliveries that wait, counted up to `maxCount`. */
  readonly backlog: number;
}

/** The client certificate of a registered webhook. */
export interface OldCertificate {
  readonly webhookId: string;
  /** The origin of its URL. */
  readonly origin: string;
  readonly validUntil: number;
}

/** The end of a process that ran plugins. */
export interface ExecutorEnd {
  readonly at: number;
  /** `memory`: it used too much. `crash`: it ended by itself, or was killed. */
  readonly why: "memory" | "crash";
  /** The exit code or signal, or the memory in use. */
  readonly detail: string;
  readonly interruptedSteps: number;
}

export interface Facts {
  readonly now: number;
  /** Why the daemon does not accept work, in sentences. */
  readonly notReady: readonly string[];
  readonly destinations: readonly HeldDestination[];
  readonly brokenPlugins: readonly { readonly name: string; readonly error: string }[];
  /** Client certificates that have expired or will within two weeks. */
  readonly oldCertificates: readonly OldCertificate[];
  /** Those that failures have paused. `reason` is a sentence. */
  readonly failingSchedules: readonly {
    readonly key: string;
    readonly reason: string | null;
    readonly pausedAt: number | null;
  }[];
  /** `reason` is why the plugin cannot be loaded, or null if it can be again. */
  readonly waiting: readonly {
    readonly on: string;
    readonly jobs: number;
    readonly since: number;
    readonly reason: "missing" | "broken" | null;
  }[];
  readonly queue: { readonly queued: number; readonly max: number };
  /** Since when the job that is next has been ready. */
  readonly oldestReadyAt: number | null;
  /** Those of the last hour. */
  readonly executorEnds: readonly ExecutorEnd[];
  /** Of the data folder. Null if it is not known. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null;
  /** Backlogs and waiting jobs are not counted further. */
  readonly maxCount: number;
}

const BEHIND_AFTER_MS = 5 * 60_000;
const NEARLY_FULL = 0.9;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const DISK_ERROR_BYTES = 256 * MIB;
const DISK_WARNING_BYTES = 2 * GIB;
/** A small disk is nearly full with less than that left. */
const DISK_WARNING_PART = 0.05;

/** Errors first. */
export function findProblems(facts: Facts): readonly Problem[] {
  const problems = [
    ...facts.notReady.map((message) => toProblem({ kind: "not-ready", message })),
    ...facts.destinations.flatMap((each) => destinationProblem(each, facts)),
    ...facts.oldCertificates.map((each) => certificateProblem(each, facts)),
    ...facts.failingSchedules.map(scheduleProblem),
    ...facts.brokenPlugins.map(pluginProblem),
    ...facts.waiting.flatMap((each) => waitingProblem(each, facts)),
    ...queueProblems(facts),
    ...executorProblem(facts.executorEnds),
    ...diskProblem(facts.disk),
  ];
  const isError = ({ severity }: Problem): boolean => severity === "error";
  return [...problems.filter(isError), ...problems.filter((each) => !isError(each))];
}

function toProblem(given: Pick<Problem, "kind" | "message"> & Partial<Problem>): Problem {
  return { severity: "error", target: null, since: null, until: null, count: null, ...given };
}

function destinationProblem(
  { id, origin, webhook, hold, lastError, backlog }: HeldDestination,
  { maxCount }: Facts,
): Problem[] {
  const target = webhook === null ? { destinationId: id } : { webhookId: webhook.id };
  const times = { since: hold.since, until: hold.until, count: backlog, target };
  const waiting = waitingEvents(backlog, maxCount);
  const name = webhook === null ? origin : `The webhook to ${origin}`;
  switch (hold.kind) {
    case "circuit":
      return [
        toProblem({
          ...times,
          kind: "destination-failing",
          message: `${name} ${failure(lastError)}.${waiting}`,
        }),
      ];
    case "pause":
      return [
        toProblem({
          ...times,
          kind: "destination-paused",
          severity: "warning",
          message: `${name} asked the daemon to wait.${waiting}`,
        }),
      ];
    case "webhook": {
      if (webhook?.state === "off") {
        const reason = webhook.reason === null ? "" : ` ${webhook.reason}`;
        return [
          toProblem({
            ...times,
            kind: "webhook-off",
            count: null,
            message: `${name} was switched off.${reason} Its events are not stored.`,
          }),
        ];
      }
      // Paused by a person, who may have forgotten it, or by the daemon.
      const reason = webhook?.reason == null ? "" : ` ${webhook.reason}`;
      if (backlog === 0 && reason === "") return [];
      const message = `${name} is paused.${reason}${waiting}`;
      return [toProblem({ ...times, kind: "webhook-paused", severity: "warning", message })];
    }
  }
}

/** `lastError` is `status 503`, or a code and a message. */
function failure(lastError: string | null): string {
  if (lastError === null) return "fails";
  return lastError.startsWith("status ")
    ? `answers with ${lastError}`
    : `cannot be reached (${lastError})`;
}

function waitingEvents(backlog: number, maxCount: number): string {
  if (backlog === 0) return "";
  return ` ${counted(backlog, ["event waits", "events wait"], maxCount)}.`;
}

function certificateProblem(
  { webhookId, origin, validUntil }: OldCertificate,
  { now }: Facts,
): Problem {
  const isExpired = validUntil < now;
  const what = isExpired ? "has expired: the endpoint can refuse it" : "expires within two weeks";
  return toProblem({
    kind: "certificate-old",
    severity: "warning",
    message: `The client certificate of the webhook to ${origin} ${what}. Set another one.`,
    since: isExpired ? validUntil : null,
    target: { webhookId },
  });
}

function scheduleProblem({ key, reason, pausedAt }: Facts["failingSchedules"][number]): Problem {
  const message = `Schedule "${key}" is paused because its jobs fail. ${withStop(reason ?? "")}`;
  return toProblem({
    kind: "schedule-paused",
    message,
    since: pausedAt,
    target: { schedule: key },
  });
}

function pluginProblem({ name, error }: Facts["brokenPlugins"][number]): Problem {
  const [line = ""] = error.split("\n");
  const message = `Plugin "${name}" cannot be loaded: ${withStop(line)}`;
  return toProblem({ kind: "plugin-broken", message, target: { plugin: name } });
}

function waitingProblem(
  { on, jobs, since, reason }: Facts["waiting"][number],
  { maxCount }: Facts,
): Problem[] {
  if (reason === null) return [];
  const why = reason === "missing" ? "which is not installed" : "which cannot be loaded";
  const message = `${counted(jobs, ["job waits", "jobs wait"], maxCount)} for plugin "${on}", ${why}.`;
  return [toProblem({ kind: "jobs-waiting", message, since, count: jobs, target: { plugin: on } })];
}

function queueProblems({ now, queue, oldestReadyAt }: Facts): Problem[] {
  const { queued, max } = queue;
  const problems: Problem[] = [];
  if (oldestReadyAt !== null && now - oldestReadyAt > BEHIND_AFTER_MS) {
    const message = `Jobs wait for a free thread. ${counted(queued, ["job is", "jobs are"])} queued.`;
    problems.push(
      toProblem({
        kind: "queue-behind",
        severity: "warning",
        message,
        since: oldestReadyAt,
        count: queued,
      }),
    );
  }
  if (queued >= NEARLY_FULL * max) {
    const isFull = queued >= max;
    const refused = isFull ? " New jobs are refused." : "";
    problems.push(
      toProblem({
        kind: "queue-nearly-full",
        severity: isFull ? "error" : "warning",
        message: `The queue has ${number(queued)} of ${number(max)} jobs.${refused}`,
        count: queued,
        target: { limit: "queue" },
      }),
    );
  }
  return problems;
}

function executorProblem(ends: readonly ExecutorEnd[]): Problem[] {
  const last = ends.at(-1);
  if (last === undefined) return [];
  const why =
    last.why === "memory"
      ? `was replaced because it used too much memory (${last.detail})`
      : `ended (${last.detail})`;
  const steps = ends.reduce((total, { interruptedSteps }) => total + interruptedSteps, 0);
  const interrupted =
    steps === 0 ? "" : ` ${counted(steps, ["step was", "steps were"])} interrupted.`;
  const often = ends.length === 1 ? "" : ` It was replaced ${ends.length} times in the last hour.`;
  const message = `The process that runs plugins ${why}.${interrupted}${often}`;
  const at = { since: last.at, count: ends.length };
  return [toProblem({ kind: "executor-ended", severity: "warning", message, ...at })];
}

function diskProblem(disk: Facts["disk"]): Problem[] {
  if (disk === null) return [];
  const { freeBytes, totalBytes } = disk;
  if (freeBytes >= Math.min(DISK_WARNING_BYTES, DISK_WARNING_PART * totalBytes)) return [];
  const left =
    freeBytes >= GIB ? `${(freeBytes / GIB).toFixed(1)} GiB` : `${Math.floor(freeBytes / MIB)} MiB`;
  const severity = freeBytes < DISK_ERROR_BYTES ? "error" : "warning";
  const message = `The disk with the data folder has ${left} left.`;
  return [toProblem({ kind: "disk-nearly-full", severity, message })];
}

function counted(
  count: number,
  [one, many]: readonly [one: string, many: string],
  max = Infinity,
): string {
  if (count === 1) return `1 ${one}`;
  return `${number(count)}${count >= max ? " or more" : ""} ${many}`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function withStop(line: string): string {
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
