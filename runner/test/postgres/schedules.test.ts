/** Schedules of two real daemons on one PostgreSQL. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { createSlotLedger } from "../faults/harness/slot-ledger.ts";
import type { Daemon } from "../support/daemon.ts";
import { shareDatabase, urlOf, type SharedDaemons } from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { until } from "../support/until.ts";

let schema: Schema;
let shared: SharedDaemons;
let a: Daemon;
let b: Daemon;

beforeEach(async () => {
  schema = await createSchema();
  shared = await shareDatabase(urlOf(schema), { plugins: { count: `async () => 1` } });
  a = await shared.start();
  b = await shared.start();
});

afterEach(async () => {
  await shared.close();
  const { broken } = await checkDatabase({ url: schema.url, schema: schema.name });
  await schema.release();
  expect(broken).toEqual([]);
});

test("each slot has one job, while one daemon is killed and the other goes on", async () => {
  const job = { plugins: ["count"], input: {} };
  for (const key of ["first", "second", "third"]) {
    const body = { key, everyMs: 1_000, overlap: "allow", catchUp: "all", job };
    await a.post("/v1/schedules", body);
  }
  const ledger = createSlotLedger({ first: 1_000, second: 1_000, third: 1_000 });
  const fired = async (): Promise<number> => {
    await ledger.look(b);
    return ledger.counts()["fired"] ?? 0;
  };
  await until("slots to fire", async () => (await fired()) >= 9, { timeoutMs: 20_000 });
  const before = await fired();
  await a.end("SIGKILL");
  await until("slots to fire without A", async () => (await fired()) >= before + 9, {
    timeoutMs: 20_000,
  });
  expect(ledger.problems()).toEqual([]);
  expect(ledger.counts()["missed"]).toBeUndefined();
});

test("a schedule that is changed or paused at one daemon is so at the other at once", async () => {
  const job = { plugins: ["count"], input: {} };
  await a.post("/v1/schedules", { key: "x", everyMs: 3_600_000, job });
  await b.post("/v1/schedules", { key: "x", everyMs: 1_000, job });
  await until("a slot to fire", async () => {
    const { items } = await a.get("/v1/schedules/x/slots");
    return items.some(({ state }: { state: string }) => state === "fired");
  });
  await a.request("/v1/schedules/x/pause", { method: "POST" });
  expect((await b.get("/v1/schedules/x")).state).toBe("paused");
});
