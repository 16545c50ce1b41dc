/**
 * Every filter of a list, alone and with each other one, must read an index in the list's order. It is
 * tested on empty tables and on full ones, because SQLite plans by what it knows of the rows.
 */
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DeliveryFilter } from "../../ports/store/deliveries.ts";
import type { JobFilter } from "../../ports/store/jobs.ts";
import type { Page, Paged } from "../../ports/store/page.ts";
import { migrate } from "./migrate.ts";
import { createReads } from "./reads.ts";

const JOBS = 30_000;
const PAGE: Page = { limit: 10, cursor: null };

const JOB_FILTERS: Readonly<Record<string, JobFilter>> = {
  status: { status: ["failed"] },
  statuses: { status: ["queued", "running"] },
  plugin: { plugin: "b" },
  name: { name: "name-7" },
  namePrefix: { namePrefix: "name-77" },
  idPrefix: { idPrefix: "job_12" },
  errorGroup: { errorGroup: "err_1" },
  tag: { tags: ["even"] },
  tags: { tags: ["even", "third"] },
  meta: { meta: { "customer.id": "7" } },
  deliveryState: { deliveryState: "dead" },
  time: { createdAfter: 100, createdBefore: 20_000 },
};

const DELIVERY_FILTERS: Readonly<Record<string, DeliveryFilter>> = {
  delivered: { state: "delivered" },
  due: { state: "due" },
  waiting: { state: "waiting" },
  dead: { state: "dead" },
  jobId: { jobId: "job_10001" },
  batchId: { batchId: "batch_1" },
  webhookId: { webhookId: "wh_1" },
};

/** Each filter, and each pair of two. */
function combinations<Filter>(filters: Readonly<Record<string, Filter>>): [string, Filter][] {
  const all = Object.entries(filters);
  return all.flatMap(([name, filter], index) => [
    [name, filter] as [string, Filter],
    ...all
      .slice(index + 1)
      .map(([other, more]): [string, Filter] => [`${name}, ${other}`, { ...filter, ...more }]),
  ]);
}

let db: DatabaseSync;
let statements: string[];

function open({ full }: { full: boolean }): void {
  db = new DatabaseSync(":memory:");
  migrate(db);
  if (full) fill();
  else insertPlaces();
  statements = [];
  const prepare = db.prepare.bind(db);
  db.prepare = (sql, ...rest) => {
    statements.push(sql);
    return prepare(sql, ...rest);
  };
}

/** What ids in filters name, so that no filter is answered without a statement. */
function insertPlaces(): void {
  db.exec(`
    INSERT INTO plugin_sets (id, names) VALUES (1, '["a"]'), (2, '["a","b"]'), (3, '["b"]');
    INSERT INTO plugin_set_members VALUES ('a', 1), ('a', 2), ('b', 2), ('b', 3);
    INSERT INTO error_groups (plugin, code, message, last_seen_at) VALUES ('b', 'PLUGIN_THREW', 'm', 1);
    INSERT INTO destinations (key) VALUES ('origin');
    INSERT INTO jobs (seq, id, status, priority, run_at, due, created_at)
      VALUES (1, 'job_10001', 'completed', 0, 0, 1, 0);
    INSERT INTO job_specs (job, plugin_names, plugins, metadata, input)
      VALUES (1, '["a"]', '[]', '{}', 'null');
    INSERT INTO batches (id, created_at, open_jobs) VALUES ('batch_1', 0, 0);
    INSERT INTO webhooks (id, destination, url, retries) VALUES ('wh_1', 1, 'u', 0);
  `);
}

function fill(): void {
  insertPlaces();
  db.exec(`
    WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${JOBS})
    INSERT INTO jobs (seq, id, name, status, priority, run_at, due, created_at, plugin_set,
      error_group, ended_at)
    SELECT i, 'job_' || (10000 + i), 'name-' || i,
      CASE WHEN i % 50 = 0 THEN 'failed' WHEN i % 50 = 1 THEN 'queued' ELSE 'completed' END,
      0, 0, 1, i, iif(i < ${JOBS} - 100, 1 + i % 2, 3), iif(i % 50 = 0, 1, NULL), i
    FROM n;
    INSERT INTO job_specs (job, plugin_names, plugins, metadata, input)
      SELECT seq, '["a"]', '[]', '{}', 'null' FROM jobs WHERE seq > 1;
    INSERT INTO job_tags (tag, created_at, job)
      SELECT 'even', created_at, seq FROM jobs WHERE seq % 2 = 0 UNION ALL
      SELECT 'third', created_at, seq FROM jobs WHERE seq % 3 = 0;
    INSERT INTO deliveries (job, webhook, destination, sequence, state, created_at)
      SELECT seq, 1, 1, 1, iif(seq % 40 = 0, 'dead', iif(seq % 40 = 1, 'due', 'delivered')), seq
      FROM jobs;
    ANALYZE;
  `);
}

/** Statements that lead with an index out of the list's order, of which few entries are read. */
const SORTS_FEW = /AND name < \?|AND id < \?|INDEXED BY deliveries_by_ordering_key/;
const HARMLESS = /^SCAN (\(subquery-\d+\)|n)$/;

function offences(): string[] {
  return statements
    .splice(0)
    .filter((sql) => /^\s*SELECT/.test(sql))
    .flatMap((sql) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((row) => String(row["detail"]))
        .filter(
          (step) =>
            (step.startsWith("SCAN") && !HARMLESS.test(step)) ||
            (/TEMP B-TREE/.test(step) && !SORTS_FEW.test(sql)),
        )
        .map((step) => `${step}: ${sql}`),
    );
}

/** Reads a list to its end. Returns the number of items and pages. */
async function readAll<T>(read: (page: Page) => Promise<Paged<T>>) {
  let items = 0;
  let pages = 0;
  let cursor: string | null = null;
  do {
    const page: Paged<T> = await read({ limit: 100, cursor });
    items += page.items.length;
    pages += 1;
    cursor = page.nextCursor;
  } while (cursor !== null);
  return { items, pages };
}

describe.each([
  ["empty", false],
  ["full", true],
])("with %s tables, no statement reads a whole table or sorts it", (_, full) => {
  beforeAll(() => open({ full }));
  afterAll(() => db.close());

  test.each([["nothing", {}] as [string, JobFilter], ...combinations(JOB_FILTERS)])(
    "for a list of jobs by %s",
    async (_name, filter) => {
      const reads = createReads(db);
      statements = [];
      await reads.jobs(filter, PAGE);
      expect(statements.length).toBeGreaterThan(0);
      expect(offences()).toEqual([]);
    },
  );

  test.each([["nothing", {}] as [string, DeliveryFilter], ...combinations(DELIVERY_FILTERS)])(
    "for a list of deliveries by %s",
    async (_name, filter) => {
      const reads = createReads(db);
      statements = [];
      await reads.deliveries(filter, PAGE);
      expect(statements.length).toBeGreaterThan(0);
      expect(offences()).toEqual([]);
    },
  );
});

describe("with full tables", () => {
  beforeAll(() => open({ full: true }));
  beforeEach(() => db.exec("BEGIN"));
  afterEach(() => db.exec("ROLLBACK"));
  afterAll(() => db.close());

  /** What a filter selects, counted the slow way. */
  const count = (condition: string) =>
    Number(db.prepare(`SELECT count(*) AS n FROM jobs WHERE ${condition}`).get()?.["n"]);

  test.each<[string, JobFilter, string]>([
    ["nothing", {}, "1"],
    ["status", { status: ["failed"] }, "status = 'failed'"],
    [
      "several statuses",
      { status: ["failed", "queued"] },
      "status = 'failed' OR status = 'queued'",
    ],
    ["plugin", { plugin: "b" }, "plugin_set IN (2, 3)"],
    [
      "plugin and status",
      { plugin: "b", status: ["failed"] },
      "status = 'failed' AND plugin_set IN (2, 3)",
    ],
    ["a prefix of few names", { namePrefix: "name-77" }, "name GLOB 'name-77*'"],
    ["a prefix of many names", { namePrefix: "name-1" }, "name GLOB 'name-1*'"],
    ["a prefix of ids", { idPrefix: "job_12" }, "id GLOB 'job_12*'"],
    ["tag", { tags: ["even"] }, "seq % 2 = 0"],
    ["tags", { tags: ["even", "third"] }, "seq % 6 = 0"],
    [
      "tag, status and plugin",
      { tags: ["third"], status: ["failed"], plugin: "b" },
      "seq % 3 = 0 AND status = 'failed' AND plugin_set IN (2, 3)",
    ],
    [
      "a tag, a prefix of many names and time",
      { tags: ["even"], namePrefix: "name-1", createdAfter: 1_000, createdBefore: 15_000 },
      "seq % 2 = 0 AND name GLOB 'name-1*' AND created_at > 1000 AND created_at < 15000",
    ],
    [
      "a prefix and status",
      { namePrefix: "name-1", status: ["queued"] },
      "name GLOB 'name-1*' AND status = 'queued'",
    ],
    [
      "error group and time",
      { errorGroup: "err_1", createdAfter: 1_000, createdBefore: 2_001 },
      "error_group = 1 AND created_at > 1000 AND created_at < 2001",
    ],
  ])("a list of jobs by %s has every match once", async (_name, filter, condition) => {
    const reads = createReads(db);
    const seen: string[] = [];
    await readAll(async (page) => {
      const found = await reads.jobs(filter, page);
      seen.push(...found.items.map(({ id }) => id));
      return found;
    });
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe(count(condition));
    expect(seen).toEqual(seen.toSorted().toReversed());
  });

  test("a page ends early with a cursor when the matches are far between", async () => {
    db.exec(`
      UPDATE jobs SET status = 'completed';
      UPDATE jobs SET status = 'failed' WHERE plugin_set = 1;
    `);
    const reads = createReads(db);
    const first = await reads.jobs({ plugin: "b", status: ["failed"] }, PAGE);
    expect(first.items).toEqual([]);
    expect(first.nextCursor).not.toBeNull();
    const all = await readAll((page) => reads.jobs({ plugin: "b", status: ["failed"] }, page));
    expect(all.items).toBe(0);
    // A page ends after 10,000 rows, or earlier if the machine is slow.
    expect(all.pages).toBeGreaterThan(1);
  });

  test("the filter with the fewest entries leads: ten jobs of a name among 30,000", async () => {
    db.exec(`UPDATE jobs SET name = 'rare' WHERE seq <= 10`);
    const reads = createReads(db);
    expect(
      await readAll((page) => reads.jobs({ status: ["completed"], name: "rare" }, page)),
    ).toEqual({ items: 10, pages: 1 });
  });

  test("a rare tag leads among 30,000 jobs, and a common one does not keep a rare name from leading", async () => {
    db.exec(`
      INSERT INTO job_tags (tag, created_at, job)
        SELECT 'rare', created_at, seq FROM jobs WHERE seq <= 10;
      UPDATE jobs SET name = 'rare' WHERE seq <= 10;
    `);
    const reads = createReads(db);
    for (const filter of [
      { tags: ["rare"], status: ["completed"] as const },
      { tags: ["even", "rare"] },
      { tags: ["even"], name: "rare" },
    ]) {
      const { pages } = await readAll((page) => reads.jobs(filter, page));
      expect(pages).toBe(1);
    }
  });

  test("deliveries that failed are found behind many that did not", async () => {
    db.exec(`UPDATE deliveries SET state = 'delivered' WHERE id > 40`);
    const reads = createReads(db);
    for (const [state, items] of [
      ["dead", 1],
      ["due", 1],
    ] as const) {
      expect(await readAll((page) => reads.deliveries({ state }, page))).toEqual({
        items,
        pages: 1,
      });
    }
  });
});
