/** What a write group does when something is in its way: a failed change, a conflict, a lost session. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Transient } from "../../src/domain/errors.ts";
import type { JsonText } from "../../src/domain/json-text.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import type { Change } from "../../src/store/shared/change.ts";
import { applyGroup, type Target } from "../../src/store/postgres/apply-group.ts";
import type { Operations } from "../../src/store/postgres/change.ts";
import { connect } from "../../src/store/postgres/connect.ts";
import { migrate } from "../../src/store/postgres/migrate.ts";
import { createOperations } from "../../src/store/postgres/operations.ts";
import type { Session } from "../../src/store/postgres/session.ts";
import { createTurns } from "../../src/store/postgres/turns.ts";
import { newJob, newWebhook, newWindow } from "../conformance/given.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";

let schema: Schema;
let sessions: Session[];

beforeEach(async () => {
  schema = await createSchema();
  sessions = [];
});

afterEach(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  await schema.release();
});

/** A session on the schema, with `setMeta` replaced. */
async function open(setMeta?: Operations["setMeta"], { pipeline = true } = {}): Promise<Target> {
  const session = await connect({ url: schema.url, schema: schema.name, pipeline });
  sessions.push(session);
  await migrate(session);
  const operations = createOperations(new Map());
  const replaced = setMeta === undefined ? operations : { ...operations, setMeta };
  return { session, operations: replaced, turns: createTurns(), slot: 1 };
}

const setMeta = (key: string, value = "x"): Change => ({ name: "setMeta", args: [key, value] });
const metaKeys = async () =>
  (await schema.query<{ key: string }>(`SELECT key FROM meta ORDER BY key`)).map(({ key }) => key);

test.each([true, false])(
  "a change that fails does not affect the others (pipeline %s)",
  async (pipeline) => {
    const normal = createOperations(new Map()).setMeta;
    const target = await open(
      async (tx, key, value) => {
        await normal(tx, key, value);
        if (key === "b") await tx.query("SELECT 1 / 0");
      },
      { pipeline },
    );
    const { outcomes } = await applyGroup(
      target,
      ["a", "b", "c"].map((key) => setMeta(key)),
    );
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(await metaKeys()).toEqual(["a", "c"]);
  },
);

test("jobs of a group have the order of their calls, also if one of them has to be looked up first", async () => {
  const target = await open();
  const submit = (job: NewJob): Change => ({
    name: "submitJob",
    args: [job, { maxQueued: 1_000 }],
  });
  const known = newJob();
  await applyGroup(target, [submit(known)]);
  const keyed = newJob({ idempotency: { key: "k", fingerprint: "f" } });
  const withNewPlugins = newJob({ plugins: [{ name: "never-seen", options: "{}" as JsonText }] });
  const jobs = [keyed, withNewPlugins, newJob()];
  const { outcomes } = await applyGroup(target, jobs.map(submit));
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true]);
  const rows = await schema.query<{ id: string }>(`SELECT id FROM jobs ORDER BY seq`);
  expect(rows.map(({ id }) => id)).toEqual([known, ...jobs].map(({ id }) => id));
});

test("a transaction that COMMIT rolls back is a failure", async () => {
  const target = await open(async (tx) => {
    // An operation that hides an error leaves the transaction failed.
    await tx.query("SELECT 1 / 0").catch(() => []);
  });
  const { outcomes } = await applyGroup(target, [setMeta("a")]);
  expect(outcomes).toMatchObject([{ ok: false, error: { name: "Transient", code: "STORE_BUSY" } }]);
});

test("groups that wait for each other in a circle are repeated, and both are stored", async () => {
  const locked = Promise.withResolvers<void>();
  let holders = 0;
  /** Takes one lock, waits until the other group has the other one, then takes that. */
  const inOrder =
    (first: number, second: number) => async (tx: Parameters<Operations["setMeta"]>[0]) => {
      await tx.query(`SELECT pg_advisory_xact_lock($1)`, [first]);
      holders += 1;
      if (holders >= 2) locked.resolve();
      await locked.promise;
      await tx.query(`SELECT pg_advisory_xact_lock($1)`, [second]);
    };
  const [one, two] = [await open(inOrder(1, 2)), await open(inOrder(2, 1))];
  const applied = await Promise.all([
    applyGroup(one, [setMeta("a")]),
    applyGroup(two, [setMeta("b")]),
  ]);
  expect(applied.flatMap(({ outcomes }) => outcomes)).toMatchObject([{ ok: true }, { ok: true }]);
  // One was repeated.
  expect(holders).toBe(3);
});

test.each([true, false])(
  "a group whose session is ended rejects, and nothing hangs (pipeline %s)",
  async (pipeline) => {
    const target = await open(
      async (tx) => {
        const [row] = await tx.query<{ pid: number }>(`SELECT pg_backend_pid() AS pid`);
        await schema.query(`SELECT pg_terminate_backend($1)`, [row?.pid]);
        await Promise.all(Array.from({ length: 20 }, () => tx.query("SELECT 1")));
      },
      { pipeline },
    );
    const applied = applyGroup(target, [setMeta("a"), setMeta("b")]);
    await expect(applied).rejects.toThrow(Transient);
    await expect(applied).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    expect(target.session.isOpen()).toBe(false);
  },
);

test("a statement of an operation that was given up does not run outside its transaction", async () => {
  const late = Promise.withResolvers<void>();
  let rejected: unknown;
  const target = await open(async (tx, key) => {
    if (key === "a") {
      void late.promise
        .then(() => tx.query(`INSERT INTO meta (key, value) VALUES ('late', 'x')`))
        .catch((error: unknown) => (rejected = error));
      return;
    }
    throw new Error("no");
  });
  await applyGroup(target, [setMeta("a"), setMeta("b")]);
  late.resolve();
  await expect.poll(() => rejected).toBeDefined();
  expect(await metaKeys()).toEqual([]);
});

test("what the counts of a change that failed were, they do not become", async () => {
  const target = await open(async (tx, key) => {
    tx.count({ kind: "job", state: "failed" }, 5);
    if (key === "b") await tx.query("SELECT 1 / 0");
  });
  await applyGroup(target, [setMeta("a"), setMeta("b")]);
  expect(await schema.query(`SELECT count::integer AS n FROM counts`)).toEqual([{ n: 5 }]);
});

test("a merge does not delete the destination that another group has found for a webhook", async () => {
  const waiting = newJob({ key: newWindow("k"), webhook: newWebhook() });
  const one = await open();
  const submit = (job: NewJob): Change => ({ name: "submitJob", args: [job, { maxQueued: 9 }] });
  await applyGroup(one, [submit(waiting)]);
  const [backend] = await one.session.query<{ pid: number }>(`SELECT pg_backend_pid() AS pid`);
  const other = await open();
  const stored = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const { operations } = other;
  const submitting = applyGroup(
    {
      ...other,
      operations: {
        ...operations,
        async submitJob(...args) {
          const outcome = await operations.submitJob(...args);
          stored.resolve();
          await release.promise;
          return outcome;
        },
      },
    },
    [submit(newJob({ webhook: newWebhook() }))],
  );
  await stored.promise;
  let isMerged = false;
  const { identity } = newWindow("k");
  const merge: Change = {
    name: "mergeJob",
    args: [
      { jobId: waiting.id, fence: 0, owner: null },
      { job: { ...waiting, webhook: null }, identity, now: 1, idempotency: null },
    ],
  };
  const merging = applyGroup(one, [merge]).finally(() => (isMerged = true));
  const waits = () => schema.query(`SELECT 1 WHERE pg_blocking_pids($1) <> '{}'`, [backend?.pid]);
  await expect.poll(async () => isMerged || (await waits()).length > 0).toBe(true);
  release.resolve();
  const applied = await Promise.all([submitting, merging]);
  expect(applied.flatMap(({ outcomes }) => outcomes)).toMatchObject([
    { ok: true, value: { kind: "accepted" } },
    { ok: true, value: { kind: "merged" } },
  ]);
  expect(
    await schema.query(
      `SELECT count(destinations.id)::integer AS n FROM webhooks
       LEFT JOIN destinations ON destinations.id = destination`,
    ),
  ).toEqual([{ n: 1 }]);
});
