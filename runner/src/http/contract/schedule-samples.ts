/** The examples of schedules. */
const JOB = { plugins: ["csv-profile"], input: { file: "in/cars.csv" }, name: "nightly-cars" };

export const SAMPLE_SAVE_SCHEDULE = {
  key: "nightly-cars",
  cron: "30 2 * * *",
  timezone: "Europe/Berlin",
  job: JOB,
  pauseOnFailures: 3,
};

export const SAMPLE_NEXT_SLOT = {
  slot: "2026-11-24T01:30:00.000Z",
  dueAt: "2026-11-24T01:30:00.000Z",
  local: "Tue, 24 Nov 2026, 02:30 CET",
};

export const SAMPLE_SLOT = {
  slot: "2026-11-23T01:30:00.000Z",
  dueAt: "2026-11-23T01:30:00.000Z",
  local: "Mon, 23 Nov 2026, 02:30 CET",
  state: "fired",
  manual: false,
  reason: null,
  detail: null,
  decidedAt: "2026-11-23T01:30:00.002Z",
  jobId: "job_01k9zr0000000000000000000",
  jobState: "completed",
};

export const SAMPLE_SCHEDULE = {
  id: "sch_01k9zr0000000000000000000",
  key: "nightly-cars",
  cron: "30 2 * * *",
  everyMs: null,
  at: null,
  timezone: "Europe/Berlin",
  job: {
    plugins: [{ name: "csv-profile", options: {} }],
    input: JOB.input,
    webhook: null,
    name: JOB.name,
    metadata: {},
    tags: [],
    priority: 0,
    timeoutMs: null,
    retry: null,
  },
  overlap: "skip",
  catchUp: "latest",
  catchUpWindowMs: 3_600_000,
  jitterMs: 0,
  pauseOnFailures: 3,
  startAt: null,
  endAt: null,
  state: "active",
  pausedBy: null,
  reason: null,
  pausedAt: null,
  failures: 0,
  nextSlot: SAMPLE_NEXT_SLOT.slot,
  nextDueAt: SAMPLE_NEXT_SLOT.dueAt,
  bufferedSlot: null,
  lastSlot: SAMPLE_SLOT,
  createdAt: "2026-11-22T09:30:00.000Z",
  updatedAt: "2026-11-22T09:30:00.000Z",
};
