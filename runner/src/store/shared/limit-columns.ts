import type { StepLimit } from "../../domain/plugin-limits.ts";
import type { NewJob } from "../../ports/store/jobs.ts";

/** What a new job has in the columns of limits. It has no slot yet: a claim gives it one. */
export function toLimitColumns({ limits, createdAt }: NewJob): {
  readonly limits: string | null;
  readonly name: string | null;
  readonly key: string | null;
  readonly blockedSince: number | null;
} {
  if (limits === undefined) return { limits: null, name: null, key: null, blockedSince: null };
  const first: StepLimit | null = limits[0] ?? null;
  return {
    limits: JSON.stringify(limits),
    name: first?.name ?? null,
    key: first?.key ?? null,
    blockedSince: first === null ? null : createdAt,
  };
}
