/** The examples in the document, all about one job. A test checks each example against its schema. */
const JOB_ID = "job_01k9zr0000000000000000000";
const JOB_URL = `http://127.0.0.1:8787/v1/jobs/${JOB_ID}`;
const OUTPUT = { rows: 406, columns: 9 };

export const SAMPLE_METRICS = { processedItems: 406, duration: 84 };

/** The fields that all four kinds of event have. */
export const SAMPLE_EVENT = {
  jobId: JOB_ID,
  timestamp: "2026-11-23T09:30:00.091Z",
  jobName: "cars",
  metadata: { customer: 7 },
  jobUrl: JOB_URL,
  schedule: null,
};

export const SAMPLE_OUTPUT = OUTPUT;

export const SAMPLE_SUBMIT = {
  plugins: ["csv-profile"],
  input: { file: "in/cars.csv" },
  name: "cars",
  metadata: { customer: 7 },
  tags: ["customer:7", "nightly"],
  webhook: {
    url: "https://n8n.example.com/webhook/playground",
    headers: { Authorization: "Bearer your-token" },
    on: ["completed", "failed"],
    retries: 3,
    timeoutMs: 30_000,
  },
};

export const SAMPLE_ACCEPTED = {
  jobId: JOB_ID,
  status: "queued",
  name: "cars",
  plugins: ["csv-profile"],
  url: JOB_URL,
};

const common = {
  jobId: JOB_ID,
  status: "completed",
  name: "cars",
  plugins: ["csv-profile"],
  tags: ["customer:7", "nightly"],
  priority: 0,
  createdAt: "2026-11-23T09:30:00.000Z",
  runAt: "2026-11-23T09:30:00.000Z",
  startedAt: "2026-11-23T09:30:00.004Z",
  endedAt: "2026-11-23T09:30:00.091Z",
  payloadsRemovedAt: null,
  error: null,
  errorCode: null,
  url: JOB_URL,
};

export const SAMPLE_JOB_SUMMARY = {
  ...common,
  completedSteps: 1,
  steps: [{ plugin: "csv-profile", status: "completed" }],
  progress: null,
  attempts: 1,
  waitingFor: null,
  errorGroup: null,
  deliveries: [
    { event: "started", state: "delivered" },
    { event: "progress", state: "delivered" },
    { event: "completed", state: "retrying" },
  ],
};

export const SAMPLE_JOB = {
  ...common,
  metadata: { customer: 7 },
  timeoutMs: null,
  retry: null,
  dedupe: null,
  debounce: null,
  schedule: null,
  waitingFor: null,
  progress: null,
  steps: [
    {
      plugin: "csv-profile",
      options: {},
      status: "completed",
      startedAt: "2026-11-23T09:30:00.005Z",
      endedAt: "2026-11-23T09:30:00.091Z",
      metrics: SAMPLE_METRICS,
      output: OUTPUT,
      truncated: false,
      error: null,
      errorCode: null,
      attempt: 1,
      failedAttempts: [],
    },
  ],
  output: OUTPUT,
  input: { file: "in/cars.csv" },
  inputTruncated: false,
  webhook: {
    id: "wh_01k9zr0000000000000000000",
    url: "https://n8n.example.com/webhook/playground",
    headers: { Authorization: "***" },
    on: ["completed", "failed"],
    retries: 3,
    timeoutMs: 30_000,
    verifyTls: true,
  },
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  traceUrl: "https://jaeger.example.com/trace/4bf92f3577b34da6a3ce929d0e0e4736",
};

export const SAMPLE_WAITING_FOR = {
  kind: "plugin",
  on: "csv-profile",
  detail: "Plugin \"csv-profile\" could not be loaded: Cannot find package 'csv'",
  since: "2026-11-23T09:30:00.000Z",
};

export const SAMPLE_LOG_LINE = {
  number: 1,
  step: 0,
  at: "2026-11-23T09:30:00.020Z",
  level: "info",
  message: "reading in/cars.csv",
  data: { bytes: 21_000 },
};

const NOT_HELD = { waitingFor: null, heldUntil: null, lastError: null };

export const SAMPLE_DELIVERY = {
  deliveryId: "dlv_4711",
  eventId: "evt_01k9zr0000000000000000000_3",
  jobId: JOB_ID,
  batchId: null,
  webhookId: "wh_01k9zr0000000000000000000",
  url: "https://n8n.example.com/webhook/playground",
  sequence: 3,
  event: "completed",
  state: "delivered",
  dueAt: null,
  createdAt: "2026-11-23T09:30:00.091Z",
  endedAt: "2026-11-23T09:30:00.120Z",
  attemptCount: 1,
  reason: null,
  payloadsRemovedAt: null,
  ...NOT_HELD,
};

export const SAMPLE_ATTEMPTS = [
  {
    number: 1,
    at: "2026-11-23T09:30:00.093Z",
    durationMs: 27,
    status: 200,
    response: '{"message":"Workflow was started"}',
    error: null,
  },
];

export const SAMPLE_PLUGIN = {
  name: "word-count",
  status: "ready",
  source: "word-count.ts",
  version: "1.0.0",
  description: "Counts words and distinct words in a text.",
  inputSchema: {
    type: "object",
    properties: { text: { type: "string" } },
    required: ["text"],
  },
  optionsSchema: null,
  outputSchema: null,
  example: { input: { text: "to be or not to be" } },
  timeoutMs: null,
  retry: null,
  limits: null,
  secrets: [],
  env: [],
  warnings: [],
  error: null,
};

const BATCH_ID = "batch_01k9zr0000000000000000000";
const BATCH_URL = `http://127.0.0.1:8787/v1/batches/${BATCH_ID}`;
const SECOND_JOB_ID = "job_01k9zr0000000000000000001";
const REFUSED_FILE = { error: "No such file: in/bikes.csv", errorCode: "PLUGIN_THREW" };

export const SAMPLE_SUBMIT_BATCH = {
  jobs: [
    { plugins: ["csv-profile"], input: { file: "in/cars.csv" }, idempotencyKey: "cars-4711" },
    { plugins: ["csv-profile"], input: { file: "in/bikes.csv" }, idempotencyKey: "bikes-4711" },
  ],
  webhook: { url: "https://n8n.example.com/webhook/batches", retries: 10 },
};

export const SAMPLE_ACCEPTED_BATCH = {
  batchId: BATCH_ID,
  status: "running",
  jobs: [
    { jobId: JOB_ID, status: "queued" },
    { jobId: SECOND_JOB_ID, status: "queued" },
  ],
  url: BATCH_URL,
};

const COUNTS = { total: 2, queued: 0, running: 0, completed: 1, failed: 1 };

export const SAMPLE_BATCH = {
  batchId: BATCH_ID,
  status: "failed",
  createdAt: "2026-11-23T09:30:00.000Z",
  endedAt: "2026-11-23T09:30:00.101Z",
  payloadsRemovedAt: null,
  counts: COUNTS,
  jobs: [
    {
      jobId: JOB_ID,
      name: null,
      status: "completed",
      error: null,
      errorCode: null,
      output: OUTPUT,
      payloadsRemovedAt: null,
      truncated: false,
    },
    {
      jobId: SECOND_JOB_ID,
      name: null,
      status: "failed",
      ...REFUSED_FILE,
      output: null,
      payloadsRemovedAt: null,
      truncated: false,
    },
  ],
  webhook: {
    id: "wh_01k9zr0000000000000000001",
    url: "https://n8n.example.com/webhook/batches",
    headers: {},
    retries: 10,
    timeoutMs: 30_000,
    verifyTls: true,
  },
  url: BATCH_URL,
};

export const SAMPLE_BATCH_CALLBACK = {
  truncated: false,
  batchUrl: BATCH_URL,
  status: "failed",
  batchId: BATCH_ID,
  timestamp: "2026-11-23T09:30:00.101Z",
  counts: COUNTS,
  jobs: [
    { jobId: JOB_ID, status: "completed", error: null, errorCode: null },
    { jobId: SECOND_JOB_ID, status: "failed", ...REFUSED_FILE },
  ],
};

export const SAMPLE_DESTINATION = {
  destinationId: "dst_7",
  webhookId: null,
  origin: "https://n8n.example.com",
  ratePerSecond: null,
  circuit: "closed",
  failuresInRow: 0,
  backlog: 0,
  ...NOT_HELD,
  perHour: [{ at: "2026-11-23T09:00:00.000Z", delivered: 1_218, failed: 0 }],
};

/** All zeros, so that nobody copies a usable secret from the document. */
export const SAMPLE_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

export const SAMPLE_REGISTER = {
  url: "https://n8n.example.com/webhook/playground-events",
  headers: { Authorization: "Bearer your-token" },
  on: ["completed", "failed"],
  plugins: ["csv-profile"],
  retries: 5,
};

export const SAMPLE_WEBHOOK = {
  id: "wh_01k9zr0000000000000000002",
  url: SAMPLE_REGISTER.url,
  headers: { Authorization: "***" },
  on: ["completed", "failed"],
  retries: 5,
  plugins: ["csv-profile"],
  jobName: null,
  timeoutMs: 30_000,
  verifyTls: true,
  clientCertificate: null,
  ratePerSecond: null,
  expiresAt: null,
  state: "active",
  enabled: true,
  reason: null,
  failingSince: null,
  previousSecretUntil: null,
  createdAt: "2026-11-23T09:00:00.000Z",
  updatedAt: "2026-11-23T09:00:00.000Z",
};

export const SAMPLE_TESTED = {
  event: "completed",
  eventId: "evt_01k9zr0000000000000000003",
  ok: true,
  status: 200,
  durationMs: 27,
  response: '{"message":"Workflow was started"}',
  error: null,
};
