/** What a trial requests and when it kills the daemon. All of it comes from the seed. */
import { createRandom } from "../../support/random.ts";

/** `unsteady`: it works at its last attempt, and throws before. */
export type StepKind = "works" | "unsteady" | "throws" | "exits" | "exhausts";

/** How often an unsteady step runs. */
export const UNSTEADY_ATTEMPTS = 3;

export function fails(kind: StepKind): kind is Exclude<StepKind, "works" | "unsteady"> {
  return kind !== "works" && kind !== "unsteady";
}

/** The error code with which each kind of failing step fails its job. */
export const FAILURE_OF: Readonly<Record<Exclude<StepKind, "works" | "unsteady">, string>> = {
  throws: "PLUGIN_THREW",
  exits: "PLUGIN_EXITED",
  exhausts: "OUT_OF_MEMORY",
};

export interface StepPlan {
  readonly kind: StepKind;
  readonly ms: number;
}

/** The endpoints of the jobs' own webhooks. */
export const ENDPOINTS = ["steady", "slow", "flaky"] as const;
export type EndpointName = (typeof ENDPOINTS)[number];

export interface JobPlan {
  /** Also the `Idempotency-Key`. */
  readonly name: string;
  readonly steps: readonly StepPlan[];
  readonly text: string;
  readonly on: readonly string[] | null;
  readonly endpoint: EndpointName;
  readonly cancelAfterMs: number | null;
}

/** What a round kills. */
export const VICTIMS = ["daemon", "executor", "both"] as const;

export type KillPlan = {
  readonly victim: (typeof VICTIMS)[number];
  /** Of several executors, the one at this share of their number. In [0, 1). */
  readonly pick: number;
  /** With two victims, the time from the executor's kill to the daemon's. Negative: the daemon first. */
  readonly gapMs: number;
} & KillTime;

/** When to kill: some time after the daemon's spawn, or after a number of ended jobs. */
type KillTime =
  | { readonly phase: "start"; readonly afterMs: number }
  | { readonly phase: "work"; readonly afterJobs: number; readonly afterMs: number };

/** The gaps at which the daemon is in the middle of what an executor's end makes it do. */
const GAPS_MS = [0, 0, 1, 5, 20, -1, -5] as const;

export interface Schedule {
  readonly seed: number;
  job(n: number): JobPlan;
  kill(round: number): KillPlan;
  /** How the flaky endpoint fails on the first arrival of an event. Null when it succeeds. */
  failure(webhookId: string): "refuses" | "drops the response" | null;
  /** The nth delay, in [0, below). */
  delayMs(n: number, below: number): number;
}

export interface Mix {
  /** The share of jobs with a failing step, and the kinds of failing steps. */
  readonly failing?: { readonly share: number; readonly kinds: readonly StepKind[] };
  /** The duration of the longest step, in ms. */
  readonly longestStepMs?: number;
}

const KIND_SETS = [
  null,
  null,
  ["completed", "failed"],
  ["started", "completed", "failed"],
  ["progress"],
] as const;

/** The share of steps that do not fail their job, and work at their last attempt only. */
const UNSTEADY_SHARE = 0.1;
const MAX_STEPS = 3;
const MAX_TEXT_LENGTH = 2_000;

export function createSchedule(seed: number, mix: Mix = {}): Schedule {
  const { failing = { share: 0.05, kinds: ["throws"] }, longestStepMs = 30 } = mix;

  /** A separate random stream for each item, so that earlier draws do not change later ones. */
  function draw(what: string, n: number): () => number {
    return createRandom(hash(`${seed} ${what} ${n}`));
  }

  function job(n: number): JobPlan {
    const random = draw("job", n);
    const below = (limit: number): number => Math.floor(random() * limit);
    const count = 1 + below(MAX_STEPS);
    const isFailing = random() < failing.share;
    const failsAt = isFailing ? below(count) : -1;
    const failure = failing.kinds[below(failing.kinds.length)] ?? "throws";
    return {
      name: `job-${seed}-${n}`,
      steps: Array.from({ length: count }, (_, step) => ({
        kind: step === failsAt ? failure : random() < UNSTEADY_SHARE ? "unsteady" : "works",
        ms: below(longestStepMs),
      })),
      text: String.fromCodePoint(0x20ac + below(100)).repeat(1 + below(MAX_TEXT_LENGTH)),
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
      const oneOf = <T>(items: readonly [T, ...T[]]): T =>
        items[Math.floor(random() * items.length)] ?? items[0];
      const time: KillTime =
        random() < 0.15
          ? { phase: "start", afterMs: random() * 1_000 }
          : { phase: "work", afterJobs: Math.floor(random() * 20), afterMs: random() * 50 };
      return { ...time, victim: oneOf(VICTIMS), gapMs: oneOf(GAPS_MS), pick: random() };
    },
    failure(webhookId) {
      const chance = createRandom(hash(`${seed} ${webhookId}`))();
      return chance < 0.1 ? "refuses" : chance < 0.2 ? "drops the response" : null;
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
