import type { Log } from "../../ports/log.ts";
import type { AttemptOutcome, ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { Telemetry } from "../../ports/telemetry.ts";

/** Counts the attempt in the metrics and logs it. */
export function reportAttempt(
  delivery: ClaimedDelivery,
  outcome: AttemptOutcome,
  {
    telemetry,
    log,
    tooOld,
  }: { telemetry: Pick<Telemetry, "attemptEnded">; log: Log; tooOld: string | null },
): void {
  const { attempt } = outcome;
  const { state, dueAt, reason } =
    tooOld === null ? outcome : { state: "dead" as const, dueAt: null, reason: tooOld };
  telemetry.attemptEnded({
    outcome: state === "due" ? "retry" : state,
    first: attempt.number === 1,
    durationMs: attempt.durationMs,
    sinceEventMs: Math.max(0, attempt.at + attempt.durationMs - delivery.eventAt),
  });
  const level = state === "delivered" ? "debug" : "warn";
  // Thousands of attempts end every second, and most of these lines are below the log level.
  if (!log.isLevelEnabled(level)) return;
  const fields = {
    deliveryId: delivery.id,
    subjectId: delivery.subjectId,
    webhookId: delivery.target.webhookId,
    sequence: delivery.sequence,
    kind: delivery.kind,
    origin: URL.parse(delivery.target.url)?.origin,
    attempt: attempt.number,
    status: attempt.status,
    error: attempt.error ?? undefined,
    ms: attempt.durationMs,
    outcome: state,
    retryAt: dueAt === null ? undefined : new Date(dueAt).toISOString(),
    reason: reason ?? undefined,
  };
  log[level](fields, "delivery.attempted");
}
