/** Checks that a kill costs each job at most one attempt, where only kills interrupt steps. Pure. */
import { WITNESS, type AcceptedJob, type Ledger, type StepRun } from "./ledger.ts";

/** How many interruptions a step needs to fail its job (guarantee 2). */
const INTERRUPTIONS_TO_FAIL = 3;

/** Returns each problem in a sentence. */
export function checkInterruptions(
  ledger: Pick<Ledger, "accepted" | "arrivals" | "runs">,
): string[] {
  const runsOf = Map.groupBy(ledger.runs(), ({ job }) => job);
  const endOf = new Map(
    ledger.arrivals
      .filter(({ endpoint, status }) => endpoint === WITNESS && ENDS.has(status))
      .toReversed() // The first arrival stays in the map.
      .map((arrival) => [arrival.jobId, arrival]),
  );
  return [...ledger.accepted].flatMap(([jobId, { plan, killsBefore }]) => {
    const end = endOf.get(jobId);
    if (end === undefined) return []; // The job is lost, which another check reports.
    const kills = end.killsBefore - killsBefore;
    const again = countRunsAgain(plan, runsOf.get(plan.name) ?? []);
    const problems: string[] = [];
    if (again > kills) problems.push(`ran ${again} steps again, but only ${kills} kills happened`);
    if (end.errorCode === "STEP_INTERRUPTED" && kills < INTERRUPTIONS_TO_FAIL) {
      problems.push(`failed with STEP_INTERRUPTED after ${kills} kills`);
    }
    return problems.map((problem) => `${plan.name} (${jobId}) ${problem}`);
  });
}

const ENDS: ReadonlySet<string> = new Set(["completed", "failed"]);

function countRunsAgain({ steps }: AcceptedJob["plan"], runs: readonly StepRun[]): number {
  return [...steps.keys()].reduce((sum, step) => {
    const begun = runs.filter((run) => run.step === step);
    // A further attempt after one that failed is no interruption.
    return sum + begun.length - new Set(begun.map(({ attempt }) => attempt)).size;
  }, 0);
}
