import type { StepRecord } from "../../domain/transition.ts";

/** The columns of `steps` behind the job's key, in their order. */
export function stepValues(step: StepRecord) {
  const { index, plugin, status, startedAt, endedAt, failure, metrics, output } = step;
  return [
    index,
    plugin,
    status,
    startedAt,
    endedAt,
    failure?.code ?? null,
    failure?.message ?? null,
    metrics === null ? null : JSON.stringify(metrics),
    output,
  ] as const;
}
