import type { Invariant } from "./invariant.ts";

const removed = (from: string): string =>
  `SELECT jobs.id AS problem FROM jobs WHERE payloads_removed_at IS NOT NULL AND ${from}`;

export const PAYLOAD_INVARIANTS: readonly Invariant[] = [
  {
    sentence: "only a job that has ended is without payloads",
    sql: removed("ended_at IS NULL"),
  },
  {
    sentence: "a job without payloads has no input and no output",
    sql: removed(`(
            EXISTS (SELECT 1 FROM job_specs WHERE job = seq AND input <> 'null')
            OR EXISTS (SELECT 1 FROM steps WHERE job = seq AND output IS NOT NULL)
          )`),
  },
  {
    sentence: "a job without payloads has no logs and no files",
    sql: removed(`(
            EXISTS (SELECT 1 FROM logs WHERE job = seq)
            OR EXISTS (SELECT 1 FROM files WHERE files.job = jobs.seq)
            OR EXISTS (SELECT 1 FROM job_files WHERE job = seq)
          )`),
  },
  {
    sentence: "an event has a body exactly if its job has payloads",
    sql: `SELECT jobs.id AS problem FROM events JOIN jobs ON jobs.seq = events.job
          WHERE (payloads_removed_at IS NULL) <> (body <> '')`,
  },
  {
    sentence: "a batch that has ended has a callback's body exactly if it has payloads",
    sql: `SELECT id AS problem FROM batches
          WHERE ended_at IS NOT NULL AND (payloads_removed_at IS NULL) <> (body <> '')`,
  },
  {
    sentence: "only a batch that has ended is without payloads",
    sql: `SELECT id AS problem FROM batches
          WHERE payloads_removed_at IS NOT NULL AND ended_at IS NULL`,
  },
  {
    sentence: "what is without payloads has nothing to send",
    sql: `SELECT format('dlv_%s', deliveries.id) AS problem FROM deliveries
            LEFT JOIN jobs ON jobs.seq = deliveries.job
            LEFT JOIN batches ON batches.seq = deliveries.batch
          WHERE state IN ('waiting', 'due')
            AND coalesce(jobs.payloads_removed_at, batches.payloads_removed_at) IS NOT NULL`,
  },
];
