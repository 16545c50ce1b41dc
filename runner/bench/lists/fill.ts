/** Fills a database with a month of jobs, their events and deliveries, without running them. */
import { DatabaseSync } from "node:sqlite";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";

export const MONTH_MS = 30 * 24 * 60 * 60 * 1000;
export const PLUGINS = 20;
export const RARE_PLUGIN = "rare";
/** One job in so many runs the rare plugin. */
const RARE_EVERY = 10_000;
const ERROR_GROUPS = 40;
const NEVER = Date.parse("2999-01-01T00:00:00Z");

/**
 * One job in 50 failed and one in 500 is scheduled for later. One delivery in 100 was given up, and one
 * in 200 waits. Half of the jobs have one of 500 names, and a quarter have a name of their own.
 */
export async function fill(
  path: string,
  { jobs, now }: { jobs: number; now: number },
): Promise<void> {
  await (await createSqliteStore({ path })).close();
  const db = new DatabaseSync(path);
  db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN");
  fillPlaces(db, now);
  fillJobs(db, { jobs, now });
  fillDeliveries(db);
  db.exec("COMMIT");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

function fillPlaces(db: DatabaseSync, now: number): void {
  const insertSet = db.prepare("INSERT INTO plugin_sets (id, names) VALUES (?, ?)");
  const insertMember = db.prepare("INSERT INTO plugin_set_members VALUES (?, ?)");
  const sets = [
    ...Array.from({ length: PLUGINS }, (_, i) => [`plugin-${i}`]),
    ...Array.from({ length: PLUGINS }, (_, i) => [`plugin-${i}`, `plugin-${(i + 7) % PLUGINS}`]),
    [RARE_PLUGIN],
  ];
  for (const [index, names] of sets.entries()) {
    insertSet.run(index + 1, JSON.stringify(names.toSorted()));
    for (const name of names) insertMember.run(name, index + 1);
  }
  const insertGroup = db.prepare(
    "INSERT INTO error_groups (plugin, code, message, last_seen_at) VALUES (?, 'PLUGIN_THREW', ?, ?)",
  );
  for (let i = 0; i < ERROR_GROUPS; i += 1) {
    insertGroup.run(`plugin-${i % PLUGINS}`, `row # is bad ${"x".repeat(i)}`, now);
  }
  db.exec(`
    INSERT INTO destinations (key, ready_at) VALUES ('bench', ${NEVER});
    INSERT INTO webhooks (id, destination, url, retries) VALUES ('wh_bench', 1, 'http://127.0.0.1:9/', 5);
    INSERT INTO persistent_webhooks (webhook, identity, timeout_ms, created_at, updated_at)
      VALUES (1, 'bench', 30000, ${now}, ${now});
  `);
}

function fillJobs(db: DatabaseSync, { jobs, now }: { jobs: number; now: number }): void {
  const from = now - MONTH_MS;
  const set = `iif(i % ${RARE_EVERY} = 0, ${2 * PLUGINS + 1}, 1 + i % ${2 * PLUGINS})`;
  db.exec(`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${jobs})
    INSERT INTO jobs (seq, id, name, status, priority, run_at, due, created_at, started_at, ended_at,
      sequence, completed_steps, plugin_set, failure_code, failure_message, error_group)
    SELECT i, printf('job_%010x%012x', i * 16 / 10, (i * 2654435761) % 281474976710656),
      CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN printf('order-%08d', i) ELSE printf('report-%03d', i % 500) END,
      status, 0, iif(status = 'queued', ${NEVER}, at), status <> 'queued', at,
      iif(status = 'queued', NULL, at + 5), iif(status = 'queued', NULL, at + 90),
      iif(status = 'queued', 0, 3), status = 'completed', ${set},
      iif(status = 'failed', 'PLUGIN_THREW', NULL),
      iif(status = 'failed', 'row ' || i || ' is bad', NULL),
      iif(status = 'failed', 1 + (i / 50) % ${ERROR_GROUPS}, NULL)
    FROM (
      SELECT i, ${from} + i * ${MONTH_MS} / ${jobs} AS at,
        CASE WHEN i % 50 = 7 THEN 'failed' WHEN i % 500 = 1 THEN 'queued' ELSE 'completed' END AS status
      FROM n
    );
    INSERT INTO job_specs (job, plugin_names, plugins, metadata, input)
      SELECT seq, names, '[]', '{"customer":{"id":' || seq % 1000 || '}}', json_quote(printf('%.200c', 'x'))
      FROM jobs JOIN plugin_sets ON plugin_sets.id = plugin_set;
    INSERT INTO steps (job, position, plugin, status, started_at, ended_at, output)
      SELECT seq, 0, 'plugin-0', status, started_at, ended_at, json_quote(printf('%.100c', 'y'))
      FROM jobs WHERE ended_at IS NOT NULL;
  `);
}

function fillDeliveries(db: DatabaseSync): void {
  for (const [sequence, kind] of [
    [1, "'started'"],
    [2, "'progress'"],
    [3, "iif(status = 'failed', 'failed', 'completed')"],
  ] as const) {
    db.exec(`
      INSERT INTO events (job, sequence, kind, at, body)
        SELECT seq, ${sequence}, ${kind}, created_at, json_quote(printf('%.400c', 'e'))
        FROM jobs WHERE ended_at IS NOT NULL;
    `);
  }
  db.exec(`
    INSERT INTO deliveries (job, webhook, destination, sequence, state, due_at, created_at, ended_at,
      attempts, reason)
    SELECT job, 1, 1, sequence,
      CASE WHEN id % 100 = 3 THEN 'dead' WHEN id % 200 = 9 THEN 'due' ELSE 'delivered' END,
      iif(id % 200 = 9, ${NEVER}, NULL), at, iif(id % 200 = 9, NULL, at + 100), 0,
      iif(id % 100 = 3, 'status 400', NULL)
    FROM (SELECT id, job, sequence, at FROM events ORDER BY job, sequence);
  `);
}
