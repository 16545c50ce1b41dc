/** The examples of batches' lists, error groups and bulk acts. */
const JOB_ID = "job_01k9zr0000000000000000000";
const BATCH_ID = "batch_01k9zr0000000000000000000";

export const SAMPLE_BATCH_SUMMARY = {
  batchId: BATCH_ID,
  status: "running",
  createdAt: "2026-11-23T09:30:00.000Z",
  endedAt: null,
  counts: { total: 3, open: 1, completed: 1, failed: 1 },
  url: `http://127.0.0.1:8787/v1/batches/${BATCH_ID}`,
};

export const SAMPLE_ERROR_GROUP = {
  id: "err_7",
  plugin: "csv-profile",
  code: "PLUGIN_THREW",
  message: "Row # has # columns: # are expected.",
  count: 37,
  more: false,
  firstSeenAt: "2026-11-22T23:10:41.017Z",
  lastSeenAt: "2026-11-23T09:30:00.091Z",
  lastJobId: JOB_ID,
};

export const SAMPLE_START_BULK_ACT = {
  act: "retry",
  filter: { errorGroup: "err_7", createdAfter: "2026-11-22T00:00:00Z" },
};

export const SAMPLE_BULK_ACT = {
  id: "bulk_01k9zr0000000000000000000",
  act: "retry",
  dryRun: false,
  token: "console",
  state: "done",
  matched: 37,
  done: 36,
  skipped: 1,
  failed: 0,
  errors: [
    {
      jobId: JOB_ID,
      code: "JOB_NOT_RETRYABLE",
      message: `Job "${JOB_ID}" is queued; only a failed job can be retried.`,
    },
  ],
  createdAt: "2026-11-23T09:31:00.000Z",
  endedAt: "2026-11-23T09:31:00.052Z",
};
