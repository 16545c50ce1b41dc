import type { Invariant } from "../shared/invariant.ts";

export const SCHEDULE_INVARIANTS: readonly Invariant[] = [
  {
    sentence: "a schedule is paused exactly when it says since when and by what",
    sql: `SELECT key AS problem FROM schedules
          WHERE (state = 'paused') <> (paused_at IS NOT NULL)
            OR (state = 'paused') <> (paused_by IS NOT NULL)`,
  },
  {
    sentence: "a schedule has decided no slot behind its next one",
    sql: `SELECT key AS problem FROM schedules
          WHERE decided_slot >= next_slot OR (next_slot IS NULL) <> (due_at IS NULL)`,
  },
  {
    sentence: "a slot waits exactly when its schedule says so",
    sql: `SELECT key AS problem FROM schedules
          WHERE (SELECT count(*) FROM schedule_slots
              WHERE schedule = schedules.seq AND state = 'buffered')
            <> (buffered_slot IS NOT NULL)
            OR (buffered_slot IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM schedule_slots WHERE schedule = schedules.seq
                AND state = 'buffered' AND slot = buffered_slot))`,
  },
  {
    sentence: "a slot has a job exactly when it was fired or caught up",
    sql: `SELECT printf('%s of schedule %s is %s', slot, schedule, state) AS problem FROM schedule_slots
          WHERE (state IN ('fired', 'caught-up')) <> (job_id IS NOT NULL)
            OR (job_id IS NULL) <> (job_state IS NULL)`,
  },
  {
    sentence: "a slot shows the state of its job",
    sql: `SELECT printf('%s is %s, by its slot %s', job_id, coalesce(status, 'gone'), job_state) AS problem
          FROM schedule_slots LEFT JOIN jobs ON jobs.id = job_id
          WHERE job_id IS NOT NULL
            AND job_state <> CASE WHEN status IN ('queued', 'running') THEN 'open'
              WHEN job_state = 'open' THEN coalesce(status, 'gone') ELSE coalesce(status, job_state) END`,
  },
  {
    sentence: "a slot of a schedule has one job",
    sql: `SELECT printf('%s jobs have %s', count(*), schedule) AS problem
          FROM (SELECT DISTINCT job, json_extract(schedule, '$.id') || ' at ' || json_extract(schedule, '$.slot') AS schedule FROM job_specs WHERE schedule IS NOT NULL)
          AS made GROUP BY schedule HAVING count(*) > 1`,
  },
];
