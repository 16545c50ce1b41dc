/**
 * What really happened, recorded outside the daemon: which jobs got a 202, which events arrived at
 * which endpoint, and (in a file that the plugins append to) which steps began.
 */
import { createHash, createHmac } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Received } from "../../support/receiver.ts";
import type { JobPlan } from "./schedule.ts";

/** One arrival of an event at an endpoint. An event that arrives again is another arrival. */
export interface Arrival {
  readonly endpoint: string;
  readonly webhookId: string;
  readonly jobId: string;
  readonly sequence: number;
  readonly status: string;
  readonly errorCode: string | null;
  /** For each completed step, the run that its output comes from, and that run's digest of the input. */
  readonly outputs: readonly { readonly run: string; readonly digest: string }[];
  /** The time from the event to the arrival, in ms. */
  readonly lagMs: number;
  /** The digest of the body's bytes. */
  readonly digest: string;
  /** The size of the plugins' file when the event arrived, in bytes. */
  readonly runsBefore: number;
  /** The number of kills until the event arrived. */
  readonly killsBefore: number;
}

/** One run of a step. */
export interface StepRun {
  readonly job: string;
  readonly step: number;
  readonly run: string;
  /** The number of the attempt, which a crash does not change. */
  readonly attempt: number;
  /** The run of the previous step whose output it received. */
  readonly from: string | null;
  /** The offset of its line in the file, in bytes. */
  readonly at: number;
}

export interface AcceptedJob {
  readonly plan: JobPlan;
  /** The number of kills before the job was first requested. */
  readonly killsBefore: number;
  wasCancelled: boolean;
}

export interface Ledger {
  /** Records that the daemon responded with 202. */
  accept(job: Pick<AcceptedJob, "plan" | "killsBefore">, jobId: string): void;
  cancelled(jobId: string): void;
  /** Records a complete request at an endpoint. With a secret, checks its signature. */
  arrive(endpoint: string, received: Received, secret: string | null): void;
  /** Records that a process is being killed. */
  killed(what: "daemon" | "executor"): void;
  /** Records a problem that another part of the trial has seen. */
  note(problem: string): void;
  /** The accepted jobs, by id. */
  readonly accepted: ReadonlyMap<string, AcceptedJob>;
  readonly arrivals: readonly Arrival[];
  readonly notes: readonly string[];
  /** What was killed, in order. */
  readonly kills: readonly ("daemon" | "executor")[];
  /** The number of jobs with a 202 whose end has not arrived at the witness. */
  open(): number;
  runs(): readonly StepRun[];
  /** The file that the plugins append to. */
  readonly runsFile: string;
}

/** The endpoint that receives every event of every job. */
export const WITNESS = "witness";

export function createLedger(runsFile: string): Ledger {
  const accepted = new Map<string, AcceptedJob>();
  const ended = new Set<string>();
  const open = new Set<string>();
  const arrivals: Arrival[] = [];
  const notes: string[] = [];
  const kills: ("daemon" | "executor")[] = [];
  return {
    accepted,
    arrivals,
    notes,
    kills,
    runsFile,
    accept({ plan, killsBefore }, jobId) {
      const other = accepted.get(jobId);
      if (other !== undefined)
        notes.push(`${plan.name} and ${other.plan.name} have the same job id`);
      accepted.set(jobId, { plan, killsBefore, wasCancelled: false });
      // The job's end can arrive before the response.
      if (!ended.has(jobId)) open.add(jobId);
    },
    cancelled(jobId) {
      const job = accepted.get(jobId);
      if (job !== undefined) job.wasCancelled = true;
    },
    arrive(endpoint, received, secret) {
      const { event, headers } = received;
      const webhookId = String(headers["webhook-id"]);
      if (secret !== null && !isSigned(received, secret)) {
        notes.push(`${webhookId} arrived at ${endpoint} with a signature that does not match`);
      }
      arrivals.push({
        endpoint,
        webhookId,
        jobId: event.jobId as string,
        sequence: event.sequence as number,
        status: event.status as string,
        errorCode: (event.errorCode as string | undefined) ?? null,
        outputs: ((event.result?.outputs ?? []) as { step: Arrival["outputs"][number] }[]).map(
          ({ step }) => step,
        ),
        lagMs: Date.now() - Date.parse(event.timestamp as string),
        digest: createHash("sha256").update(received.body).digest("base64"),
        runsBefore: statSync(runsFile, { throwIfNoEntry: false })?.size ?? 0,
        killsBefore: kills.length,
      });
      const isEnd = event.status === "completed" || event.status === "failed";
      if (endpoint !== WITNESS || !isEnd) return;
      ended.add(event.jobId as string);
      open.delete(event.jobId as string);
    },
    killed: (what) => void kills.push(what),
    note: (problem) => void notes.push(problem),
    open: () => open.size,
    runs: () => readRuns(runsFile),
  };
}

function readRuns(file: string): StepRun[] {
  if (!existsSync(file)) return []; // No step has begun.
  let at = 0;
  return readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const run = { ...(JSON.parse(line) as Omit<StepRun, "at">), at };
      at += Buffer.byteLength(line) + 1;
      return run;
    });
}

/** Standard Webhooks 1.0, "Signature scheme": HMAC-SHA256 of `id.timestamp.body`. */
function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const expected = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  return String(headers["webhook-signature"]).split(" ").includes(expected);
}
