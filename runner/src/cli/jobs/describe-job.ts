import type { Job } from "../../http/contract/job.ts";
import { toDuration } from "../amounts.ts";

/** How long it ran, or has been running. Empty before it starts. */
export function durationOf(
  { startedAt, endedAt }: Pick<Job, "startedAt" | "endedAt">,
  now: number,
): string {
  if (startedAt === null) return "";
  const end = endedAt === null ? now : Date.parse(endedAt);
  return toDuration(Math.max(0, end - Date.parse(startedAt)));
}

/** `PLUGIN_THREW: No such file`, or nothing. */
export function describeFailure({ error, errorCode }: Pick<Job, "error" | "errorCode">): string {
  return errorCode === null ? "" : `${errorCode}: ${error}`;
}

export function describeProgress(progress: NonNullable<Job["progress"]>): string {
  const { fraction, message } = progress;
  const share = fraction === null ? "" : `${Math.round(fraction * 100)} %`;
  return [share, message].filter(Boolean).join(" ");
}
