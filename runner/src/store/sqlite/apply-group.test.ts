import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toJsonText } from "../../domain/json-text.ts";
import type { JobWebhook } from "../../ports/store/webhooks.ts";
import type { NewJob } from "../../ports/store/jobs.ts";
import { applyGroup, type Target } from "./apply-group.ts";
import type { Change } from "../shared/change.ts";
import { migrate } from "./migrate.ts";
import { createOperations } from "./operations.ts";

function submitting(id: string, fields: Partial<NewJob> = {}): Change {
  const job: NewJob = {
    id,
    name: null,
    metadata: toJsonText({}),
    plugins: [],
    input: toJsonText("x"),
    priority: 0,
    runAt: 0,
    timeoutMs: null,
    createdAt: 0,
    webhook: null,
    idempotency: null,
    ...fields,
  };
  return { name: "submitJob", args: [job, { maxQueued: 100 }] };
}

describe("applyGroup", () => {
  let db: DatabaseSync;
  let target: Target;
  beforeEach(() => {
    db = new DatabaseSync(":memory:");
    migrate(db);
    target = { db, operations: createOperations(db) };
  });
  afterEach(() => db.close());

  const stored = () =>
    db
      .prepare("SELECT id FROM jobs ORDER BY seq")
      .all()
      .map((row) => row["id"]);
  const codes = (changes: readonly Change[]) =>
    applyGroup(target, changes).outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.error.code));

  test("stores every change of a group", () => {
    expect(codes([submitting("a"), submitting("b")])).toEqual(["ok", "ok"]);
    expect(stored()).toEqual(["a", "b"]);
  });

  test("fails only the change that cannot be stored", () => {
    const group = [submitting("a"), submitting("a"), submitting("b")];
    expect(codes(group)).toEqual(["ok", "STORE_FAILED", "ok"]);
    expect(stored()).toEqual(["a", "b"]);
    expect(codes([submitting("b")])).toEqual(["STORE_FAILED"]);
    expect(db.isTransaction).toBe(false);
  });

  test("undoes everything that a failed change wrote, including counts", () => {
    const webhook = { id: "wh_1", on: null } as JobWebhook; // The rest is missing.
    const outcomes = codes([submitting("b"), submitting("a", { webhook })]);
    expect(outcomes).toEqual(["ok", "STORE_FAILED"]);
    expect(stored()).toEqual(["b"]);
    expect(db.prepare("SELECT count FROM job_counts WHERE status = 'queued'").get()).toEqual({
      count: 1,
    });
  });

  test("reports a full disk as such, and stores later changes that fit", () => {
    const pages = db.prepare("PRAGMA page_count").get()?.["page_count"] as number;
    db.exec(`PRAGMA max_page_count = ${pages + 3}`);
    const large = toJsonText("x".repeat(1_000_000));
    expect(codes([submitting("a"), submitting("b", { input: large })])).toContain(
      "STORE_DISK_FULL",
    );
    expect(db.isTransaction).toBe(false);
    expect(codes([submitting("c")])).toEqual(["ok"]);
    expect(stored()).toContain("c");
    expect(stored()).not.toContain("b");
  });

  test("fails every change when the commit fails", () => {
    const exec = db.exec.bind(db);
    db.exec = (sql) => exec(sql === "COMMIT" ? "SELECT * FROM nowhere" : sql);
    expect(codes([submitting("a"), submitting("b")])).toEqual(["STORE_FAILED", "STORE_FAILED"]);
    expect(stored()).toEqual([]);
    expect(db.isTransaction).toBe(false);
  });
});
