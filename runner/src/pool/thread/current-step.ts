/** The step that runs in this thread, and the step that the calling code belongs to. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { StepLimitPause } from "../../ports/plugin-pool.ts";
import type { LogBuffer } from "./log-buffer.ts";
import type { StepEnv } from "./plugin-env.ts";
import type { StepSecrets } from "./step-secrets.ts";

export interface CurrentStep {
  readonly run: number;
  readonly buffer: LogBuffer;
  readonly abort: AbortController;
  readonly secrets: StepSecrets;
  readonly env: StepEnv;
  readonly pauseLimit: (pause: StepLimitPause) => void;
}

const owner = new AsyncLocalStorage<CurrentStep>();
let current: CurrentStep | null = null;

/** Runs the work in the step's context: every callback and promise that it starts belongs to the step. */
export async function asCurrentStep<T>(step: CurrentStep, work: () => Promise<T>): Promise<T> {
  current = step;
  try {
    return await owner.run(step, work);
  } finally {
    current = null;
  }
}

export function currentStep(): CurrentStep | null {
  return current;
}

/** The step that started the calling code, ended or not; undefined when unknown. */
export function owningStep(): CurrentStep | undefined {
  return owner.getStore();
}

/** What the calling code may read of the environment; null if it is no step's. */
export function callingEnv(): StepEnv | null {
  return (owner.getStore() ?? current)?.env ?? null;
}

/** The step that the calling code logs to; null when its step has ended, so that the line is dropped. */
export function loggingStep(): CurrentStep | null {
  const step = owner.getStore() ?? current;
  return step === current ? current : null;
}
