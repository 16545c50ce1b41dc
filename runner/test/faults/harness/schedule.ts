/** What a run asks of the daemon and when it is hurt: made of the seed alone, so that a seed replays it. */
import { createRandom } from "../../support/random.ts";

export type StepKind = "works" | "throws" | "exits" | "exhausts";

/** What each kind of step that cannot complete fails its job with. */
export const FAILURE_OF: Readonly<Record<Exclude<StepKind, "works">, string>> = {
  throws: "PLUGIN_THREW",
  exits: "PLUGIN_EXITED",
  exhausts: "OUT_OF_MEMORY",
};

export interface StepPlan {
  readonly kind: StepKind;
  readonly ms: number;
}

/** Where the events of a job's own webhook go. */
export const ENDPOINTS = ["steady", "slow", "flaky"] as const;
export type EndpointName = (typeof ENDPOINTS)[number];

export interface JobPlan {
  /** Its `Idempotency-Key` too. */
  readonly name: string;
  readonly steps: readonly StepPlan[];
  readonly text: string;
  readonly on: readonly string[] | null;
  readonly endpoint: EndpointName;
  readonly cancelAfterMs: number | null;
}

/** When a round's daemon is killed: so long after it was spawned, or after so many jobs have ended. */
export type KillPlan =
  | { readonly phase: "start"; readonly afterMs: number }
  | { readonly phase: "work"; readonly afterJobs: number; readonly afterMs: number };

export interface Schedule {
  readonly seed: number;
  job(n: number): JobPlan;
  kill(round: number): KillPlan;
  /** What the flaky endpoint does with an event that it sees for the first time. */
  mishap(webhookId: string): "refuses" | "drops the answer" | null;
  /** Milliseconds in [0, below), the nth. */
  delayMs(n: number, below: number): number;
}

export interface Mix {
  /** The share of jobs with a step that fails, and how such steps may. */
  readonly failing?: { readonly share: number; readonly kinds: readonly StepKind[] };
  /** Longest step, in ms. */
  readonly longestStepMs?: number;
}

const KIND_SETS = [
  null,
  null,
  ["completed", "failed"],
  ["started", "completed", "failed"],
  ["progress"],
] as const;

const MOST_STEPS = 3;
const LONGEST_TEXT = 2_000;

export function createSchedule(seed: number, mix: Mix = {}): Schedule {
  const { failing = { share: 0.05, kinds: ["throws"] }, longestStepMs = 30 } = mix;

  /** A stream of its own for each thing that is drawn: what happened before moves none of them. */
  function draw(what: string, n: number): () => number {
    return createRandom(hash(`${seed} ${what} ${n}`));
  }

  function job(n: number): JobPlan {
    const random = draw("job", n);
    const below = (limit: number): number => Math.floor(random() * limit);
    const count = 1 + below(MOST_STEPS);
    const isFailing = random() < failing.share;
    const failsAt = isFailing ? below(count) : -1;
    const failure = failing.kinds[below(failing.kinds.length)] ?? "throws";
    return {
      name: `job-${seed}-${n}`,
      steps: Array.from({ length: count }, (_, step) => ({
        kind: step === failsAt ? failure : "works",
        ms: below(longestStepMs),
      })),
      text: String.fromCodePoint(0x20ac + below(100)).repeat(1 + below(LONGEST_TEXT)),
      on: KIND_SETS[below(KIND_SETS.length)] ?? null,
      endpoint: ENDPOINTS[below(ENDPOINTS.length)] ?? "steady",
      cancelAfterMs: random() < 0.05 ? below(40) : null,
    };
  }

  return {
    seed,
    job,
    kill(round) {
      const random = draw("kill", round);
      return random() < 0.15
        ? { phase: "start", afterMs: random() * 1_000 }
        : { phase: "work", afterJobs: Math.floor(random() * 20), afterMs: random() * 50 };
    },
    mishap(webhookId) {
      const chance = createRandom(hash(`${seed} ${webhookId}`))();
      return chance < 0.1 ? "refuses" : chance < 0.2 ? "drops the answer" : null;
    },
    delayMs: (n, below) => draw("delay", n)() * below,
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return value >>> 0;
}
