import { traceIdOf, type TraceContext } from "../../domain/trace-context.ts";
import type { Log } from "../../ports/log.ts";
import type { AttemptOutcome, ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { Messages } from "../bus/messages.ts";
import type { Telemetry } from "../../ports/telemetry.ts";

/** Counts the attempt in the metrics, tells the listeners and logs it. */
export function reportAttempt(
  delivery: ClaimedDelivery,
  outcome: AttemptOutcome,
  {
    telemetry,
    messages,
    log,
    trace,
    tooOld,
  }: {
    telemetry: Pick<Telemetry, "attemptEnded">;
    messages: Pick<Messages, "publish">;
    log: Log;
    trace: TraceContext | null;
    tooOld: string | null;
  },
): void {
  const { attempt } = outcome;
  const { state, dueAt, reason } =
    tooOld === null ? outcome : { state: "dead" as const, dueAt: null, reason: tooOld };
  telemetry.attemptEnded({
    destination: delivery.destination,
    outcome: state === "due" ? "retry" : state,
    first: attempt.number === 1,
    durationMs: attempt.durationMs,
    sinceEventMs: Math.max(0, attempt.at + attempt.durationMs - delivery.eventAt),
  });
  const { id: deliveryId, subjectId, kind } = delivery;
  const attempts = attempt.number;
  messages.publish({
    kind: "delivery",
    delivery: { deliveryId, subjectId, kind, state, attempts, dueAt },
  });
  const level = state === "delivered" ? "debug" : "warn";
  // Thousands of attempts end every second, and most of these lines are below the log level.
  if (!log.isLevelEnabled(level)) return;
  const fields = {
    deliveryId,
    subjectId,
    webhookId: delivery.target.webhookId,
    sequence: delivery.sequence,
    kind,
    origin: URL.parse(delivery.target.url)?.origin,
    attempt: attempt.number,
    status: attempt.status,
    error: attempt.error ?? undefined,
    ms: attempt.durationMs,
    outcome: state,
    retryAt: dueAt === null ? undefined : new Date(dueAt).toISOString(),
    reason: reason ?? undefined,
    traceId: trace === null ? undefined : traceIdOf(trace),
  };
  log[level](fields, "delivery.attempted");
}
