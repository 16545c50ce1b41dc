/** What the end of a schedule's job says about the schedule. */
import { CANCELLED } from "../../domain/job.ts";
import type { Failure } from "../../domain/errors.ts";

export function countsAsFailure(failure: Failure | undefined): boolean {
  return failure !== undefined && failure.code !== CANCELLED.code;
}

export function lastFailure(jobId: string, failure: Failure | undefined): string {
  return `${jobId}: ${failure?.code ?? ""}: ${failure?.message ?? ""}`;
}
