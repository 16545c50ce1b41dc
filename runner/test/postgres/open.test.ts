import { readMigrations } from "../../src/store/postgres/migrate.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CannotOpen } from "../../src/store/cannot-open.ts";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { newJob, submit, UNLIMITED } from "../conformance/given.ts";
import { startCluster } from "../support/postgres/cluster.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";

let schema: Schema;
beforeEach(async () => void (schema = await createSchema()));
afterEach(() => schema.release());

const open = () => createPostgresStore({ url: schema.url, schema: schema.name });

test("stores that are opened at the same time on an empty schema make its tables once", async () => {
  const stores = await Promise.all([open(), open(), open()]);
  await Promise.all(stores.map((store) => submit(store)));
  expect((await stores[0]?.counts())?.jobs.queued).toBe(3);
  await Promise.all(stores.map((store) => store.close()));
  expect(await schema.query(`SELECT count(*)::integer AS n FROM playground_schema`)).toEqual([
    { n: 1 },
  ]);
});

test("a schema that is newer is refused, with both versions", async () => {
  const newest = readMigrations().length;
  await (await open()).close();
  await schema.query(`UPDATE playground_schema SET version = version + 1`);
  const opened = open();
  await expect(opened).rejects.toThrow(CannotOpen);
  await expect(opened).rejects.toThrow(
    new RegExp(`schema version ${newest + 1}; .*up to ${newest}`),
  );
  await schema.query(`UPDATE playground_schema SET version = version - 1`);
});

test("a server that does not answer is named, without the password", async () => {
  const folder = await mkdtemp(join(tmpdir(), "playground-nobody-"));
  const url = `postgres://me:secret@localhost/db?host=${encodeURIComponent(folder)}`;
  const opened = createPostgresStore({ url });
  await expect(opened).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  await expect(opened).rejects.toThrow(/cannot be opened: .*ENOENT/);
  await expect(opened).rejects.not.toThrow(/secret/);
  await rm(folder, { recursive: true });
});

test("a server that accepts and is silent is given up", async () => {
  const folder = await mkdtemp(join(tmpdir(), "playground-silent-"));
  const server = createServer().listen(join(folder, ".s.PGSQL.5432"));
  const url = `postgres://me@localhost/db?host=${encodeURIComponent(folder)}`;
  await expect(createPostgresStore({ url })).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  server.close();
  await rm(folder, { recursive: true });
}, 30_000);

test("a check says that there are no tables, or what is broken", async () => {
  const store = await open();
  await submit(store);
  await store.close();
  const options = { url: schema.url, schema: schema.name };
  expect(await checkDatabase(options)).toMatchObject({ broken: [] });
  await schema.query(`UPDATE jobs SET status = 'completed'`);
  const { broken } = await checkDatabase(options);
  expect(broken.map(({ sentence }) => sentence)).toContain(
    "a job has an end time exactly when it has ended",
  );
  const empty = checkDatabase({ ...options, schema: "pg_temp" });
  await expect(empty).rejects.toThrow("no tables of Playground");
});

describe("an open store", () => {
  test("goes on after its sessions were ended", async () => {
    const url = `${schema.url}&application_name=${schema.name}`;
    const store = await createPostgresStore({ url, schema: schema.name });
    await submit(store);
    expect((await store.counts()).jobs.queued).toBe(1);
    await schema.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`,
      [schema.name],
    );
    // Whoever writes repeats what was rejected, so this need not be the first that is stored.
    await expect
      .poll(() =>
        submit(store).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect
      .poll(() =>
        store.counts().then(
          ({ jobs }) => jobs.queued,
          () => 0,
        ),
      )
      .toBeGreaterThanOrEqual(2);
    await store.close();
  });

  test("says why it cannot be used while the server is stopped, and goes on after it", async () => {
    const cluster = await startCluster();
    const store = await createPostgresStore({ url: cluster.url });
    expect(store.whyNotReady()).toEqual([]);
    await cluster.stop();
    await expect.poll(() => store.counts().catch(() => store.whyNotReady())).toHaveLength(1);
    expect(store.whyNotReady()[0]).toMatch(/^The database cannot be reached\./);
    await cluster.start();
    await expect.poll(() => store.counts().then(() => store.whyNotReady())).toEqual([]);
    await store.close();
    await cluster.remove();
  });

  test("stores text with U+0000 as U+FFFD, and finds it by either", async () => {
    const store = await open();
    const job = newJob({ name: "a\u0000b" });
    await store.submitJob(job, UNLIMITED);
    const page = { limit: 10, cursor: null };
    for (const name of ["a\u0000b", "a\ufffdb"]) {
      const { items } = await store.jobs({ name }, page);
      expect(items.map(({ id }) => id)).toEqual([job.id]);
    }
    await store.close();
  });

  test("keeps JSON as the text it was", async () => {
    const store = await open();
    const input = `{"a": 1.0, "b": 12345678901234567890, "a": "\\u0000"}` as never;
    const job = newJob({ input });
    await store.submitJob(job, UNLIMITED);
    expect(await store.jobValue(job.id, "input")).toBe(input);
    await store.close();
  });
});
