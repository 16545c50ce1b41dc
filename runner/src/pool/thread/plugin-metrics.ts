import type { StepMetrics } from "../../domain/job-spec.ts";
import type { PluginMetrics } from "../../plugin-sdk.ts";

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const MAX_METRICS = 100;

export interface MetricsRecorder extends PluginMetrics {
  /** The plugin's metrics, and the step's duration in ms. */
  read(durationMs: number): StepMetrics;
}

export function createMetrics(): MetricsRecorder {
  const numbers = new Map<string, number>([["processedItems", 0]]);

  function put(name: string, value: number): void {
    numbers.set(name, value);
    if (numbers.size > MAX_METRICS) {
      numbers.delete(name);
      throw new RangeError(
        `metric "${name}" is one too many: a step can have at most ${MAX_METRICS}`,
      );
    }
  }

  return {
    add(name, amount) {
      checkName(name);
      checkNumber(name, amount);
      const sum = (numbers.get(name) ?? 0) + amount;
      checkNumber(name, sum);
      put(name, sum);
    },
    set(name, value) {
      checkName(name);
      checkNumber(name, value);
      put(name, value);
    },
    read(durationMs) {
      const duration = Math.round(durationMs * 100) / 100;
      return { processedItems: 0, ...Object.fromEntries(numbers), duration };
    },
  };
}

function checkName(name: unknown): void {
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new TypeError(
      `metric name is ${JSON.stringify(name)}: it must be 1 to 64 letters, digits, "_", "." or "-", and begin with a letter`,
    );
  }
  if (name === "duration") {
    throw new TypeError(
      `metric name is "duration": it must be another name, because the runner measures the duration`,
    );
  }
}

function checkNumber(name: string, value: unknown): void {
  if (!Number.isFinite(value)) {
    throw new TypeError(`metric "${name}" is ${String(value)}: it must be a finite number`);
  }
}
