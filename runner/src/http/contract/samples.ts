/** One job seen from all sides: the examples of the document. A test checks each against its schema. */
const JOB_ID = "job_01k9zr0000000000000000000";
const JOB_URL = `http://127.0.0.1:8787/v1/jobs/${JOB_ID}`;
const OUTPUT = { rows: 406, columns: 9 };

export const SAMPLE_METRICS = { processedItems: 406, duration: 84 };

/** What the four events have in common. */
export const SAMPLE_EVENT = {
  jobId: JOB_ID,
  timestamp: "2026-11-23T09:30:00.091Z",
  jobName: "cars",
  metadata: { customer: 7 },
  jobUrl: JOB_URL,
};

export const SAMPLE_OUTPUT = OUTPUT;

export const SAMPLE_SUBMIT = {
  plugins: ["csv-profile"],
  input: { file: "in/cars.csv" },
  name: "cars",
  metadata: { customer: 7 },
  webhook: {
    url: "https://n8n.example.com/webhook/playground",
    headers: { Authorization: "Bearer your-token" },
    on: ["completed", "failed"],
    retries: 3,
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
  priority: 0,
  createdAt: "2026-11-23T09:30:00.000Z",
  runAt: "2026-11-23T09:30:00.000Z",
  startedAt: "2026-11-23T09:30:00.004Z",
  endedAt: "2026-11-23T09:30:00.091Z",
  error: null,
  errorCode: null,
  url: JOB_URL,
};

export const SAMPLE_JOB_SUMMARY = { ...common, completedSteps: 1 };

export const SAMPLE_JOB = {
  ...common,
  metadata: { customer: 7 },
  timeoutMs: null,
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
      error: null,
      errorCode: null,
    },
  ],
  output: OUTPUT,
  input: { file: "in/cars.csv" },
  webhook: {
    id: "wh_01k9zr0000000000000000000",
    url: "https://n8n.example.com/webhook/playground",
    headers: { Authorization: "***" },
    on: ["completed", "failed"],
    retries: 3,
  },
};

export const SAMPLE_LOG_LINE = {
  number: 1,
  step: 0,
  at: "2026-11-23T09:30:00.020Z",
  level: "info",
  message: "reading in/cars.csv",
  data: { bytes: 21_000 },
};

export const SAMPLE_DELIVERY = {
  deliveryId: "msg_01k9zr0000000000000000000",
  jobId: JOB_ID,
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
  error: null,
};
