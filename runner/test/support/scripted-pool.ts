import { toJsonText } from "../../src/domain/json-text.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { FailureCode } from "../../src/domain/errors.ts";
import type {
  PluginPool,
  StepHooks,
  StepInterrupted,
  StepTask,
} from "../../src/ports/plugin-pool.ts";
import type { StepResult, StepTiming } from "../../src/domain/transition.ts";
import type { RetryWish } from "../../src/domain/step-retry.ts";
import { until } from "./until.ts";

/** One step, which the test ends. */
export interface ScriptedStep {
  readonly task: StepTask;
  readonly hooks: StepHooks;
  /** `endedAt` is the instant on the thread's clock, now by default. */
  complete(output?: unknown, endedAt?: number): void;
  fail(code?: FailureCode, retry?: RetryWish): void;
  /** The process that runs the step ends, or the plugin could not begin in time. */
  interrupt(how?: { isTooLate: true }): void;
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
  clock: Pick<Clock, "now" | "monotonic">;
  run?: (step: ScriptedStep) => void;
  obeysStop?: boolean;
}): ScriptedPool {
  const { clock } = options;
  const begun: ScriptedStep[] = [];
  return {
    size: options.size,
    begun,
    step: (n) => until(`step ${n} to begin`, () => begun[n - 1] ?? null),
    run(task, hooks) {
      const startedAt = clock.now();
      const { promise, resolve } = Promise.withResolvers<StepResult | StepInterrupted>();
      const begunAt = clock.monotonic();
      const times = (): StepTiming & { durationMs: number } => ({
        startedAt,
        endedAt: clock.now(),
        durationMs: clock.monotonic() - begunAt,
      });
      const step: ScriptedStep = {
        task,
        hooks,
        complete: (output = null, endedAt = clock.now()) =>
          resolve({
            ok: true,
            output: toJsonText(output),
            metrics: { processedItems: 1, duration: Math.max(1, clock.monotonic() - begunAt) },
            startedAt,
            endedAt,
            durationMs: clock.monotonic() - begunAt,
          }),
        interrupt: (how) => resolve({ interrupted: "The process ended.", ...how }),
        fail: (code = "PLUGIN_THREW", retry?: RetryWish) =>
          resolve({
            ok: false,
            failure: { code, message: code },
            metrics: null,
            ...(retry !== undefined && { retry }),
            ...times(),
          }),
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
    memory: () => ({ usedBytes: 0, limitBytes: null }),
    close: async () => {},
  };
}
