/**
 * What really happened, kept outside of the daemon: which jobs it answered 202 to, what arrived at
 * which endpoint, and (in a file that the plugins append to) which steps began.
 */
import { createHash, createHmac } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Received } from "../../support/receiver.ts";
import type { JobPlan } from "./schedule.ts";

/** One event at one endpoint, each time that it came. */
export interface Arrival {
  readonly endpoint: string;
  readonly webhookId: string;
  readonly jobId: string;
  readonly sequence: number;
  readonly status: string;
  readonly errorCode: string | null;
  /** The run that each completed step's output is of, and the digest that it made of the input. */
  readonly outputs: readonly { readonly run: string; readonly digest: string }[];
  /** How long after the event it came, in ms. */
  readonly lagMs: number;
  /** Of the body's bytes. */
  readonly digest: string;
  /** How much of the plugins' file was written when it came, in bytes. */
  readonly runsBefore: number;
}

/** A step that began. */
export interface StepRun {
  readonly job: string;
  readonly step: number;
  readonly run: string;
  /** The run of the step before whose output it was given. */
  readonly from: string | null;
  /** Where its line is in the file, in bytes. */
  readonly at: number;
}

export interface AcceptedJob {
  readonly plan: JobPlan;
  wasCancelled: boolean;
}

export interface Ledger {
  /** The daemon answered 202. */
  accept(plan: JobPlan, jobId: string): void;
  cancelled(jobId: string): void;
  /** An endpoint took a request in full; with a secret, its signature is looked at. */
  arrive(endpoint: string, received: Received, secret: string | null): void;
  /** Something that must not be, told by who saw it. */
  note(problem: string): void;
  /** By the job's id. */
  readonly accepted: ReadonlyMap<string, AcceptedJob>;
  readonly arrivals: readonly Arrival[];
  readonly notes: readonly string[];
  /** Jobs with a 202 whose end the witness has not been told. */
  open(): number;
  runs(): readonly StepRun[];
  /** The file that the plugins append to. */
  readonly runsFile: string;
}

/** The endpoint that is told everything of every job. */
export const WITNESS = "witness";

export function createLedger(runsFile: string): Ledger {
  const accepted = new Map<string, AcceptedJob>();
  const ended = new Set<string>();
  const open = new Set<string>();
  const arrivals: Arrival[] = [];
  const notes: string[] = [];
  return {
    accepted,
    arrivals,
    notes,
    runsFile,
    accept(plan, jobId) {
      const other = accepted.get(jobId);
      if (other !== undefined) notes.push(`${plan.name} and ${other.plan.name} are one job`);
      accepted.set(jobId, { plan, wasCancelled: false });
      // Its end may have come before the answer.
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
        notes.push(`${webhookId} came to ${endpoint} with a signature that is not its body's`);
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
      });
      const isEnd = event.status === "completed" || event.status === "failed";
      if (endpoint !== WITNESS || !isEnd) return;
      ended.add(event.jobId as string);
      open.delete(event.jobId as string);
    },
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
