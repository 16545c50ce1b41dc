/** The clock of the database is set back. All daemons notice, and what is due is moved once. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Store } from "../../src/ports/store/store.ts";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { claim, claimOf, failing, newWebhook, shiftAll, submit } from "../conformance/given.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";

const JOBS = 300;

let schema: Schema;
let stores: readonly [Store, Store];

beforeEach(async () => {
  schema = await createSchema();
  const open = () => createPostgresStore({ url: schema.url, schema: schema.name });
  stores = [await open(), await open()];
});

afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await schema.release();
});

async function dueAts(): Promise<number[]> {
  const { items } = await stores[0].deliveries({}, { limit: 2_000, cursor: null });
  return [...new Set(items.map(({ dueAt }) => dueAt ?? 0))];
}

/** Jobs that failed at an instant. Their events are due then. */
async function failMany(at: number): Promise<void> {
  const [store] = stores;
  await Promise.all(Array.from({ length: JOBS }, () => submit(store, { webhook: newWebhook() })));
  const jobs = await claim(store, { limit: JOBS });
  await Promise.all(jobs.map((job) => store.commitTransition(claimOf(job), failing(job, at))));
}

test("daemons that notice the same jump move what is due once", async () => {
  await failMany(10_000);
  const jump = { now: 1_000, byMs: -5_000, since: 0 };
  await Promise.all(stores.map((store) => shiftAll(store, jump)));
  expect(await dueAts()).toEqual([5_000]);
  await shiftAll(stores[1], { ...jump, now: 1_600 });
  expect(await dueAts()).toEqual([5_000]);
});

test("one daemon goes on where another that moved what is due has died", async () => {
  await failMany(10_000);
  expect(
    await stores[0].shiftDue({ now: 1_000, byMs: -5_000, since: 0, after: null }),
  ).not.toBeNull();
  await shiftAll(stores[1], { now: 1_010, byMs: -5_000, since: 0 });
  expect(await dueAts()).toEqual([5_000]);
});

test("what is due moves again when the clock is set back again", async () => {
  await failMany(10_000);
  await shiftAll(stores[0], { now: 1_000, byMs: -5_000, since: 0 });
  await shiftAll(stores[1], { now: 4_000, byMs: -500, since: 3_000 });
  expect(await dueAts()).toEqual([4_500]);
});
