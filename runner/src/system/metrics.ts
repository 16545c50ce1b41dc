/** Counts for Prometheus. Labels hold plugin names, routes, states: few values, and never an id. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { LIMITS } from "../domain/limits.ts";
import type { HttpMetrics } from "../ports/http-metrics.ts";
import type { RelayState } from "../ports/telemetry.ts";
import type { StoreCounts } from "../ports/store/upkeep.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** Seconds. From an event loop's turn to a step that takes an hour. */
const JOB_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 30, 120, 600, 3600];
const HTTP_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5, 30, 60];
const DELIVERY_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 30, 300, 3600, 86_400];

const seconds = (ms: number): number => ms / 1000;

export function createMetrics(): Telemetry & HttpMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const stored = createStoredGauges(registry);
  const relayed = createRelayGauges(registry);
  const http = createHttpMetrics(registry);
  return {
    ...createEngineMetrics(registry),
    refused: createRefusals(registry),
    requestEnded: http,
    contentType: registry.contentType,
    render(counts, relay) {
      stored(counts);
      relayed(relay);
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
    help: "Deliveries in the store, by state; `due` counts those in flight and those that wait for a retry as well, `waiting` those behind an earlier event of their job.",
    labelNames: ["state"] as const,
    registers,
  });
  const webhooks = new Gauge({
    name: "playground_webhooks",
    help: "Persistent webhooks, by state; `off` ones were switched off by their failures.",
    labelNames: ["state"] as const,
    registers,
  });
  return (counts) => {
    for (const [status, count] of Object.entries(counts.jobs)) jobs.set({ status }, count);
    for (const [state, count] of Object.entries(counts.deliveries))
      deliveries.set({ state }, count);
    for (const [state, count] of Object.entries(counts.webhooks)) webhooks.set({ state }, count);
  };
}

/** What this daemon is sending now, asked at every scrape. */
function createRelayGauges(registry: Registry): (relay: RelayState) => void {
  const registers = [registry];
  const inFlight = new Gauge({
    name: "playground_deliveries_in_flight",
    help: "Attempts under way.",
    registers,
  });
  const bytesInFlight = new Gauge({
    name: "playground_delivery_bytes_in_flight",
    help: "Bodies of the attempts under way, in UTF-16 units: bytes for ASCII.",
    registers,
  });
  const circuits = new Gauge({
    name: "playground_delivery_circuits_open",
    help: "Endpoints that failed five times in a row or more and are tried once in a while.",
    registers,
  });
  return (relay) => {
    inFlight.set(relay.inFlight);
    bytesInFlight.set(relay.bytesInFlight);
    circuits.set(relay.openDestinations);
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

/** Every limit is there from the start with 0, so that a first refusal is a rise. */
function createRefusals(registry: Registry): Telemetry["refused"] {
  const refused = new Counter({
    name: "playground_refused_total",
    help: "What was over a limit, by limit: requests that were refused or not waited for, outputs that were too large, lines of logs that were dropped.",
    labelNames: ["limit"] as const,
    registers: [registry],
  });
  for (const limit of Object.keys(LIMITS)) refused.inc({ limit }, 0);
  return (limit, count = 1) => refused.inc({ limit }, count);
}

function createEngineMetrics(registry: Registry): Omit<Telemetry, "refused"> {
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
  const attemptEnded = createAttemptMetrics(registers);
  return {
    jobEnded: ({ status, failureCode, durationMs }) =>
      jobs.observe({ status, error_code: failureCode ?? "" }, seconds(durationMs)),
    stepEnded: ({ plugin, ok, durationMs }) =>
      steps.observe({ plugin, outcome: ok ? "completed" : "failed" }, seconds(durationMs)),
    attemptEnded,
  };
}

function createAttemptMetrics(registers: Registry[]): Telemetry["attemptEnded"] {
  const attempts = new Histogram({
    name: "playground_delivery_attempt_duration_seconds",
    help: "Time that one HTTP try of a delivery took, by outcome: `delivered`, `retry` (tried again later) or `dead` (given up); the count is how many there were.",
    labelNames: ["outcome"] as const,
    buckets: HTTP_BUCKETS,
    registers,
  });
  const firstWait = new Histogram({
    name: "playground_delivery_first_attempt_wait_seconds",
    help: "Time from an event to the start of its first attempt.",
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  const lag = new Histogram({
    name: "playground_delivery_lag_seconds",
    help: "End-to-end latency: time from an event to the end of the attempt that delivered it.",
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  const firstTry = new Counter({
    name: "playground_deliveries_first_try_total",
    help: "Events delivered by their first attempt.",
    registers,
  });
  return ({ outcome, first, durationMs, sinceEventMs }) => {
    attempts.observe({ outcome }, seconds(durationMs));
    if (first) firstWait.observe(seconds(Math.max(0, sinceEventMs - durationMs)));
    if (outcome !== "delivered") return;
    lag.observe(seconds(sinceEventMs));
    if (first) firstTry.inc();
  };
}
