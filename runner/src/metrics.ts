/** Counts for Prometheus. Labels hold plugin names, routes, states: few values, and never an id. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { HttpMetrics } from "./http/http-metrics.ts";
import type { StoreCounts } from "./ports/store.ts";
import type { Telemetry } from "./ports/telemetry.ts";

/** Seconds. From an event loop's turn to a step that takes an hour. */
const JOB_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 30, 120, 600, 3600];
const HTTP_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5, 30, 60];
const DELIVERY_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 30, 300, 3600, 86_400];

const seconds = (ms: number): number => ms / 1000;

export function createMetrics(): Telemetry & HttpMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const stored = createStoredGauges(registry);
  const http = createHttpMetrics(registry);
  return {
    ...createEngineMetrics(registry),
    requestEnded: http,
    contentType: registry.contentType,
    render(counts) {
      stored(counts);
      return registry.metrics();
    },
  };
}

/** What is in the store now, asked at every scrape. */
function createStoredGauges(registry: Registry): (counts: StoreCounts) => void {
  const registers = [registry];
  const jobs = new Gauge({
    name: "playground_jobs",
    help: "Jobs in the store, by status; `queued` is the queue's depth.",
    labelNames: ["status"] as const,
    registers,
  });
  const deliveries = new Gauge({
    name: "playground_deliveries",
    help: "Deliveries in the store, by state.",
    labelNames: ["state"] as const,
    registers,
  });
  return (counts) => {
    for (const [status, count] of Object.entries(counts.jobs)) jobs.set({ status }, count);
    for (const [state, count] of Object.entries(counts.deliveries))
      deliveries.set({ state }, count);
  };
}

function createHttpMetrics(registry: Registry): HttpMetrics["requestEnded"] {
  const requests = new Histogram({
    name: "playground_http_request_duration_seconds",
    help: "Time from a request's arrival to the end of its answer.",
    labelNames: ["method", "route", "status"] as const,
    buckets: HTTP_BUCKETS,
    registers: [registry],
  });
  return ({ method, route, status, durationMs }) =>
    requests.observe({ method, route, status }, seconds(durationMs));
}

function createEngineMetrics(registry: Registry): Telemetry {
  const registers = [registry];
  const jobs = new Histogram({
    name: "playground_job_duration_seconds",
    help: "Time from a job's first step to its end, by status and error code.",
    labelNames: ["status", "error_code"] as const,
    buckets: JOB_BUCKETS,
    registers,
  });
  const steps = new Histogram({
    name: "playground_step_duration_seconds",
    help: "Time that one plugin ran.",
    labelNames: ["plugin", "outcome"] as const,
    buckets: JOB_BUCKETS,
    registers,
  });
  const attempts = new Histogram({
    name: "playground_delivery_attempt_duration_seconds",
    help: "Time that one HTTP try of a delivery took.",
    labelNames: ["outcome"] as const,
    buckets: HTTP_BUCKETS,
    registers,
  });
  const lag = new Histogram({
    name: "playground_delivery_lag_seconds",
    help: "Time from an event to the end of the attempt that delivered it.",
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  const firstTry = new Counter({
    name: "playground_deliveries_first_try_total",
    help: "Events delivered by their first attempt.",
    registers,
  });
  return {
    jobEnded: ({ status, failureCode, durationMs }) =>
      jobs.observe({ status, error_code: failureCode ?? "" }, seconds(durationMs)),
    stepEnded: ({ plugin, ok, durationMs }) =>
      steps.observe({ plugin, outcome: ok ? "completed" : "failed" }, seconds(durationMs)),
    attemptEnded({ outcome, first, durationMs, sinceEventMs }) {
      attempts.observe({ outcome }, seconds(durationMs));
      if (outcome !== "delivered") return;
      lag.observe(seconds(sinceEventMs));
      if (first) firstTry.inc();
    },
  };
}
