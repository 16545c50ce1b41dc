import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { migrate } from "./migrate.ts";
import { createOperations } from "./operations.ts";
import { limited } from "../../../test/conformance/given-limits.ts";

test("what is remembered of a key is removed when its rate is free again", () => {
  const db = new DatabaseSync(":memory:");
  try {
    migrate(db);
    const store = createOperations(db);
    const rate = { rate: "1/s", burst: 1 };
    const limit = { name: "site", concurrency: null, keyConcurrency: null, keyRate: rate };
    for (const key of ["a", "b", "b"]) {
      store.submitJob(limited(limit, key, { createdAt: 0, runAt: 0 }), { maxQueued: 10 });
    }
    const claim = { owner: "o", limit: 9, ahead: 0, leaseUntil: 9_999 };
    const plugins = { plugins: ["first"], elsewhere: [], waitingSinceBefore: -1 };
    store.claimJobs({ ...claim, ...plugins, now: 1_000 });
    const keys = () => db.prepare("SELECT limit_key AS key FROM limit_states").all();
    expect(keys()).toEqual([{ key: "a" }, { key: "b" }]);
    store.reap({ owner: "o", now: 1_999 });
    expect(keys()).toHaveLength(2);
    store.reap({ owner: "o", now: 2_000 });
    // A job waits for the rate of the other one.
    expect(keys()).toEqual([{ key: "b" }]);
    store.claimJobs({ ...claim, ...plugins, now: 2_000 });
    store.reap({ owner: "o", now: 3_000 });
    expect(keys()).toEqual([]);
  } finally {
    db.close();
  }
});
