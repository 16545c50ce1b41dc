import { toJsonText } from "../../src/domain/json-text.ts";
import type { FailureCode } from "../../src/domain/errors.ts";
import type {
  PluginPool,
  StepHooks,
  StepInterrupted,
  StepTask,
} from "../../src/ports/plugin-pool.ts";
import type { StepResult } from "../../src/domain/job.ts";
import { until } from "./until.ts";

/** One step, which the test ends. */
export interface ScriptedStep {
  readonly task: StepTask;
  readonly hooks: StepHooks;
  /** `endedAt` is the instant on the thread's clock, now by default. */
  complete(output?: unknown, endedAt?: number): void;
  fail(code?: FailureCode): void;
  /** The process that runs the step ends. */
  interrupt(): void;
}

export interface ScriptedPool extends PluginPool {
  /** Every step that has begun, in order, ended or not. */
  readonly begun: readonly ScriptedStep[];
  /** Waits for the `n`th step to begin, counted from 1. */
  step(n: number): Promise<ScriptedStep>;
}

/**
 * A pool whose steps end when the test or `run` ends them. A step that is asked to stop
 * fails with CANCELLED immediately, unless `obeysStop` is false.
 */
export function createScriptedPool(options: {
  size: number;
  now: () => number;
  run?: (step: ScriptedStep) => void;
  obeysStop?: boolean;
}): ScriptedPool {
  const begun: ScriptedStep[] = [];
  return {
    size: options.size,
    begun,
    step: (n) => until(`step ${n} to begin`, () => begun[n - 1] ?? null),
    run(task, hooks) {
      const startedAt = options.now();
      const { promise, resolve } = Promise.withResolvers<StepResult | StepInterrupted>();
      const times = (): { startedAt: number; endedAt: number } => ({
        startedAt,
        endedAt: options.now(),
      });
      const step: ScriptedStep = {
        task,
        hooks,
        complete: (output = null, endedAt = options.now()) =>
          resolve({
            ok: true,
            output: toJsonText(output),
            metrics: { processedItems: 1, duration: Math.max(1, endedAt - startedAt) },
            startedAt,
            endedAt,
          }),
        interrupt: () => resolve({ interrupted: "The process ended." }),
        fail: (code = "PLUGIN_THREW") =>
          resolve({ ok: false, failure: { code, message: code }, metrics: null, ...times() }),
      };
      const onStop = (): void => step.fail("CANCELLED");
      if (options.obeysStop !== false) {
        if (hooks.signal.aborted) onStop();
        hooks.signal.addEventListener("abort", onStop, { once: true });
      }
      begun.push(step);
      options.run?.(step);
      return promise;
    },
    close: async () => {},
  };
}
