/**
 * Metrics for Prometheus. Labels contain plugin names, routes and states: few values, and never an
 * id.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { SLOT_STATES } from "../domain/schedule.ts";
import { LIMITS } from "../domain/limits.ts";
import type { HttpMetrics } from "../ports/http-metrics.ts";
import type { RelayState } from "../ports/telemetry.ts";
import type { StoreSize } from "../ports/store/status.ts";
import type { StoreCounts } from "../ports/store/upkeep.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** In seconds: from one event loop iteration to a step that runs for an hour. */
const JOB_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 30, 120, 600, 3600];
const HTTP_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5, 30, 60];
const DELIVERY_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 30, 300, 3600, 86_400];

const seconds = (ms: number): number => ms / 1000;

export function createMetrics(): Telemetry & HttpMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const stored = createStoredGauges(registry);
  const sized = createSizeGauges(registry);
  const relayed = createRelayGauges(registry);
  const http = createHttpMetrics(registry);
  return {
    ...createEngineMetrics(registry),
    refused: createRefusals(registry),
    requestEnded: http,
    contentType: registry.contentType,
    render(counts, size, relay) {
      stored(counts);
      sized(size);
      relayed(relay);
      return registry.metrics();
    },
  };
}

/** What the store contains, read at every scrape. */
function createStoredGauges(registry: Registry): (counts: StoreCounts) => void {
  const registers = [registry];
  const jobs = new Gauge({
    name: "playground_jobs",
    help: "Jobs in the store, by status. `queued` is the depth of the queue.",
    labelNames: ["status"] as const,
    registers,
  });
  const deliveries = new Gauge({
    name: "playground_deliveries",
    help: "Deliveries in the store, by state. `due` includes deliveries in flight and deliveries that wait for a retry. `waiting` deliveries follow an earlier event of their job.",
    labelNames: ["state"] as const,
    registers,
  });
  const webhooks = new Gauge({
    name: "playground_webhooks",
    help: "Persistent webhooks, by state. `off` webhooks were switched off after failed deliveries.",
    labelNames: ["state"] as const,
    registers,
  });
  const schedules = new Gauge({
    name: "playground_schedules",
    help: "Schedules, by state. `paused` by a request or by failures; an `ended` one has no slot left.",
    labelNames: ["state"] as const,
    registers,
  });
  return (counts) => {
    for (const [status, count] of Object.entries(counts.jobs)) jobs.set({ status }, count);
    for (const [state, count] of Object.entries(counts.deliveries))
      deliveries.set({ state }, count);
    for (const [state, count] of Object.entries(counts.webhooks)) webhooks.set({ state }, count);
    for (const [state, count] of Object.entries(counts.schedules)) schedules.set({ state }, count);
  };
}

/**
 * The size of all tables together. SQLite reads the whole file to tell the size of each (dbstat): 1 s for
 * each GB, in which the main thread would answer nothing.
 */
function createSizeGauges(registry: Registry): (size: StoreSize) => void {
  const registers = [registry];
  const bytes = new Gauge({
    name: "playground_database_bytes",
    help: "Size of the database, with its free space.",
    registers,
  });
  const freeBytes = new Gauge({
    name: "playground_database_free_bytes",
    help: "The part of the database that is free for new rows. PostgreSQL does not tell it: 0.",
    registers,
  });
  return (size) => {
    bytes.set(size.bytes);
    freeBytes.set(size.freeBytes);
  };
}

/** What this daemon is sending, read at every scrape. */
function createRelayGauges(registry: Registry): (relay: RelayState) => void {
  const registers = [registry];
  const inFlight = new Gauge({
    name: "playground_deliveries_in_flight",
    help: "Delivery attempts in progress.",
    registers,
  });
  const bytesInFlight = new Gauge({
    name: "playground_delivery_bytes_in_flight",
    help: "Total size of the bodies of the attempts in progress, in UTF-16 units (bytes for ASCII).",
    registers,
  });
  const circuits = new Gauge({
    name: "playground_delivery_circuits_open",
    help: "Destinations with an open circuit: they failed at least five times in a row and get one attempt at a time.",
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
    help: "Time from the arrival of a request to the end of its response.",
    labelNames: ["method", "route", "status"] as const,
    buckets: HTTP_BUCKETS,
    registers: [registry],
  });
  return ({ method, route, status, durationMs }) =>
    requests.observe({ method, route, status }, seconds(durationMs));
}

/** Every limit starts with 0, so that the first refusal is visible as an increase. */
function createRefusals(registry: Registry): Telemetry["refused"] {
  const refused = new Counter({
    name: "playground_refused_total",
    help: "How often a limit was exceeded, by limit: refused requests, waits that were not granted, outputs that were too large, dropped log lines.",
    labelNames: ["limit"] as const,
    registers: [registry],
  });
  for (const limit of [...Object.keys(LIMITS), "plugin-queue"]) refused.inc({ limit }, 0);
  return (limit, count = 1) => refused.inc({ limit }, count);
}

function createEngineMetrics(registry: Registry): Omit<Telemetry, "refused"> {
  const registers = [registry];
  const submitted = new Counter({
    name: "playground_jobs_submitted_total",
    help: "New jobs, and all jobs of new batches. A repeated request with the same idempotency key adds none.",
    registers,
  });
  const waits = new Histogram({
    name: "playground_job_queue_wait_seconds",
    help: "Time from when a job could run to the start of its first step.",
    buckets: JOB_BUCKETS,
    registers,
  });
  const tooOld = new Counter({
    name: "playground_deliveries_too_old_total",
    help: "Deliveries that were given up without an attempt because they had reached the maximum age.",
    registers,
  });
  const slots = new Counter({
    name: "playground_schedule_slots_total",
    help: "Slots of schedules, by what became of them: `fired`, `caught-up`, `buffered`, `skipped`, `missed` or `refused`. A buffered slot is counted again when its job is made.",
    labelNames: ["state"] as const,
    registers,
  });
  for (const state of SLOT_STATES) slots.inc({ state }, 0);
  const jobs = new Histogram({
    name: "playground_job_duration_seconds",
    help: "Time from the start of a job's first step to the end of the job, by status and error code.",
    labelNames: ["status", "error_code"] as const,
    buckets: JOB_BUCKETS,
    registers,
  });
  const steps = new Histogram({
    name: "playground_step_duration_seconds",
    help: "Run time of one step, by plugin and outcome.",
    labelNames: ["plugin", "outcome"] as const,
    buckets: JOB_BUCKETS,
    registers,
  });
  const attemptEnded = createAttemptMetrics(registers);
  return {
    jobsSubmitted: (count) => submitted.inc(count),
    jobBegan: ({ waitMs }) => waits.observe(seconds(waitMs)),
    slotsDecided: (state, count) => slots.inc({ state }, count),
    deliveriesGivenUp: (count) => tooOld.inc(count),
    jobEnded({ status, failureCode, durationMs }) {
      if (durationMs === null) return;
      jobs.observe({ status, error_code: failureCode ?? "" }, seconds(durationMs));
    },
    stepEnded: ({ plugin, ok, durationMs }) =>
      steps.observe({ plugin, outcome: ok ? "completed" : "failed" }, seconds(durationMs)),
    attemptEnded,
  };
}

const OUTCOMES = ["delivered", "retry", "dead"] as const;

/** Every outcome starts with 0, so that the first delivery that is given up is visible as an increase. */
function createAttemptMetrics(registers: Registry[]): Telemetry["attemptEnded"] {
  const attempts = new Histogram({
    name: "playground_delivery_attempt_duration_seconds",
    help: "Duration of one delivery attempt, by outcome: `delivered`, `retry` (another attempt follows) or `dead` (given up).",
    labelNames: ["outcome"] as const,
    buckets: HTTP_BUCKETS,
    registers,
  });
  for (const outcome of OUTCOMES) attempts.zero({ outcome });
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
    help: "Events that were delivered by their first attempt.",
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
