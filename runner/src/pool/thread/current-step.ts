/** Which step runs in this thread, and which step the code that is asking belongs to. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Outbox } from "./outbox.ts";

export interface CurrentStep {
  readonly run: number;
  readonly outbox: Outbox;
  readonly abort: AbortController;
}

const owner = new AsyncLocalStorage<CurrentStep>();
let current: CurrentStep | null = null;

/** Runs the work as this step's: every callback and promise that it starts belongs to the step. */
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

/** The step that the running code was started by, ended or not; undefined when nobody knows. */
export function owningStep(): CurrentStep | undefined {
  return owner.getStore();
}

/** Where the running code may log: its own step while that runs; an ended step's code is not heard. */
export function loggingStep(): CurrentStep | null {
  const step = owner.getStore() ?? current;
  return step === current ? current : null;
}
