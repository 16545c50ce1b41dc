/** How many jobs may wait for a limit. Both stores count them in their index. */
import type { NewJob, SubmitOutcome } from "../../ports/store/jobs.ts";

/** Jobs of one request that begin to wait for a limit. */
export interface Joining {
  readonly name: string;
  readonly jobs: number;
  /** What the request's own plugins declare. It counts while the limit is not stored. */
  readonly declared: number | null;
}

export type LimitFull = Extract<SubmitOutcome, { kind: "limit-full" }>;

/** A job that is to run later does not wait for its limit yet. */
export function joinsLimit({ limits, runAt, createdAt }: NewJob): string | null {
  return runAt > createdAt ? null : (limits?.[0]?.name ?? null);
}

export function joiningOf(jobs: readonly NewJob[]): Joining[] {
  const byName = Map.groupBy(jobs, joinsLimit);
  return [...byName].flatMap(([name, joining]) => {
    if (name === null) return [];
    const declared = joining[0]?.declaredLimits?.find((limit) => limit.name === name);
    return { name, jobs: joining.length, declared: declared?.maxQueued ?? null };
  });
}

export function toLimitFull(
  { name, jobs }: Joining,
  { maxQueued, queued }: { readonly maxQueued: number | null; readonly queued: number },
): LimitFull | null {
  if (maxQueued === null || queued + jobs <= maxQueued) return null;
  return { kind: "limit-full", name, queued, maxQueued };
}
