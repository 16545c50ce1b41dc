/** PostgreSQL is there and refuses to write: its disk is full, it is read-only, a lock is not free. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { readSnapshot } from "../../src/store/postgres/read-snapshot.ts";
import { submit } from "../conformance/given.ts";
import { startCluster } from "../support/postgres/cluster.ts";
import { shareDatabase, urlOf } from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { until } from "../support/until.ts";

let schema: Schema;
beforeEach(async () => void (schema = await createSchema()));
afterEach(() => schema.release());

const where = () => ({ url: schema.url, schema: schema.name });

/** Every insert of a job fails as on a full disk. */
async function fillDisk(): Promise<void> {
  await (await createPostgresStore(where())).close();
  await schema.query(
    `CREATE OR REPLACE FUNCTION fill_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
     END $$`,
  );
  await schema.query(
    `CREATE TRIGGER fill_disk BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION fill_disk()`,
  );
}

const freeDisk = () => schema.query(`DROP FUNCTION IF EXISTS fill_disk CASCADE`);

describe("a full disk", () => {
  beforeEach(fillDisk);
  afterEach(freeDisk);

  test("rejects the write with the server's own error as the cause", async () => {
    const failed: unknown[] = [];
    const store = await createPostgresStore({
      ...where(),
      onWriteFailed: (error) => failed.push(error),
    });
    const full = { name: "Transient", code: "STORE_DISK_FULL", cause: { code: "53100" } };
    await expect(submit(store)).rejects.toMatchObject(full);
    expect(failed).toMatchObject([full]);
    expect(store.whyNotReady()).toEqual([]);
    await freeDisk();
    await submit(store);
    await store.close();
  });

  test("refuses a job with 507 and the reason, and a daemon is ready again when there is room", async () => {
    const shared = await shareDatabase(urlOf(schema), { plugins: { echo: "async (x) => x" } });
    const daemon = await shared.start();
    const submitJob = () =>
      daemon.request("/v1/jobs", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ plugins: ["echo"] }),
      });
    const refused = await submitJob();
    expect(refused.status).toBe(507);
    expect(await refused.json()).toMatchObject({
      code: "DISK_FULL",
      detail: expect.stringContaining("The disk of the database is full"),
    });
    await freeDisk();
    await until("a job is accepted", async () => (await submitJob()).status === 202);
    await shared.close();
  }, 60_000);
});

test("a store leaves a server that is read-only now, and comes back when it can write", async () => {
  const cluster = await startCluster();
  const store = await createPostgresStore({ url: `${cluster.url}&application_name=writer` });
  await submit(store);
  const writers = async () =>
    (
      await cluster.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'writer' ORDER BY pid`,
      )
    ).map(({ pid }) => pid);
  const [before] = await writers();
  // As on a server that is being demoted. Sessions that are open keep what they had.
  await cluster.query(`ALTER SYSTEM SET default_transaction_read_only = on`);
  await cluster.query(`SELECT pg_reload_conf()`);
  await expect
    .poll(() => submit(store).catch((error: unknown) => error))
    .toMatchObject({ code: "STORE_READ_ONLY", cause: { code: "25006" } });
  await expect.poll(writers).not.toContain(before);
  await cluster.query(`ALTER SYSTEM RESET default_transaction_read_only`);
  await cluster.query(`SELECT pg_reload_conf()`);
  await expect
    .poll(() =>
      submit(store).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await store.close();
  await cluster.remove();
}, 60_000);

test("a migration that another session is in the way of says so", async () => {
  await (await createPostgresStore(where())).close();
  const holder = await createSchema();
  await holder.query(`BEGIN; LOCK TABLE ${schema.name}.playground_schema IN ACCESS EXCLUSIVE MODE`);
  const opened = createPostgresStore(where());
  await expect(opened).rejects.toThrow(
    /tables cannot be made .* lock timeout\. Another session uses the tables, such as pg_dump/,
  );
  await expect(opened).rejects.toMatchObject({ cause: { code: "55P03" } });
  await holder.query("ROLLBACK");
  await holder.release();
}, 60_000);

test("a check reads for longer than a daemon's statement may take", async () => {
  const limits = await readSnapshot(where(), (session) =>
    session.query<{ limits: string }>(
      `SELECT current_setting('statement_timeout') AS limits, pg_sleep(16)`,
    ),
  );
  expect(limits).toMatchObject([{ limits: "0" }]);
}, 60_000);
