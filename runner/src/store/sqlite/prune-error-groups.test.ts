import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { migrate } from "./migrate.ts";
import { preparePruneJobs } from "./ops/prune-jobs.ts";

test("error groups without jobs are deleted, and each call looks at a limited number of groups", () => {
  const db = new DatabaseSync(":memory:");
  try {
    migrate(db);
    // 1,000 groups are kept, because they have a job. The last two have none.
    db.exec(`
      INSERT INTO error_groups (plugin, code, message, last_seen_at)
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1002)
        SELECT 'p', 'PLUGIN_THREW', n, 10 + n FROM numbers;
      INSERT INTO jobs (id, status, priority, run_at, due, created_at, error_group)
        SELECT 'job_' || id, 'queued', 0, 0, 1, 0, id FROM error_groups WHERE id <= 1000;`);
    const prune = preparePruneJobs(db);
    const left = () => db.prepare("SELECT count(*) AS n FROM error_groups").get()?.["n"];
    const request = { endedBefore: 1_012, limit: 10 };
    const { at } = prune({ ...request, after: null });
    expect(left()).toBe(1_002);
    // The last one was seen too late.
    const { at: next } = prune({ ...request, after: at });
    expect(left()).toBe(1_001);
    db.exec("UPDATE jobs SET error_group = NULL WHERE error_group = 1");
    prune({ ...request, after: next });
    expect(left()).toBe(1_000);
  } finally {
    db.close();
  }
});
