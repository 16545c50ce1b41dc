/** How a daemon and the commands start on PostgreSQL, and what they say when they cannot. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { SECRET_KEY, shareDatabase, urlOf } from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";

let schema: Schema;
let root: string;
beforeEach(async () => {
  schema = await createSchema();
  root = await mkdtemp(join(tmpdir(), "playground-start-"));
});
afterEach(async () => {
  await schema.release();
  await rm(root, { recursive: true });
});

function run(command: string[], url: string, env: Record<string, string> = {}) {
  return runCli(command, {
    cwd: root,
    env: {
      PLAYGROUND_PORT: "0",
      PLAYGROUND_TOKEN: "test-token-0123456789",
      PLAYGROUND_DATABASE_URL: url,
      ...env,
    },
  });
}

/** The URL with another user, a password and another database. */
function as(user: string, database = "postgres"): string {
  const url = new URL(urlOf(schema));
  url.username = user;
  url.password = "hunter2";
  url.pathname = database;
  return url.href;
}

describe("a daemon that cannot start says what to do, and never the password", () => {
  beforeEach(async () => {
    await schema.query(
      `DO $$ BEGIN CREATE ROLE stranger LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    await schema.query(`GRANT USAGE ON SCHEMA ${schema.name} TO stranger`);
  });

  test.each([
    ["no server", () => `postgres://me:hunter2@localhost/x?host=${root}`, /Start PostgreSQL/],
    ["no such host", () => "postgres://me:hunter2@nobody.invalid/x", /Correct the host/],
    ["no such user", () => as("nobody"), /role "nobody" does not exist\. Correct the user/],
    ["no such database", () => as("postgres", "nothing"), /Create the database/],
    ["no permission", () => as("stranger"), /permission denied .*\. Give the user the right/],
    ["no SSL", () => `${as("postgres")}&sslmode=require`, /Switch SSL on .* sslmode=disable/],
    ["no schema", () => as("postgres").replace(schema.name, "missing"), /no schema for the tables/],
  ])("%s", async (_, url, why) => {
    const { code, stderr } = await run([], url());
    expect(stderr).toMatch(/^PLAYGROUND_DATABASE_URL: The (database|tables) .*\n$/m);
    expect(stderr).toMatch(why);
    expect(stderr).not.toContain("hunter2");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });
});

test("a second daemon needs the key of the first", async () => {
  const shared = await shareDatabase(urlOf(schema));
  const first = await shared.start();
  expect(await first.get("/v1/settings")).toMatchObject({ settings: expect.any(Array) });
  expect(JSON.stringify(await first.get("/v1/settings"))).not.toContain("search_path");
  const other = Buffer.alloc(32, 8).toString("base64");
  const wrong = await run([], urlOf(schema), { PLAYGROUND_SECRET_KEY: other });
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("have the same") });
  const none = await run([], urlOf(schema));
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("set PLAYGROUND_SECRET") });
  await shared.close();
});

describe("the commands", () => {
  test("check reads the database, and the contents of its files", async () => {
    const shared = await shareDatabase(urlOf(schema));
    const daemon = await shared.start();
    const file = await daemon.request("/v1/files?name=a.txt", { method: "PUT", body: "hello" });
    expect(file.status).toBe(201);
    const env = { PLAYGROUND_DATA_DIR: daemon.dataDir, PLAYGROUND_SECRET_KEY: SECRET_KEY };
    const whole = await run(["check"], as("postgres"), env);
    expect(whole.stdout).toMatch(/^No problems found in postgres:\/\/postgres:\*\*\*@/);
    expect(whole.stdout).toContain("It contains jobs: 0");
    expect(whole.code).toBe(0);
    const lacking = await run(["check"], as("postgres"), { PLAYGROUND_DATA_DIR: root });
    expect(lacking.stdout).toContain("every file has its content");
    expect(lacking.code).toBe(1);
    await shared.close();
  });

  test("backup and restore say how PostgreSQL does it, and what else to keep", async () => {
    const backup = await run(["backup", "x.db"], as("postgres"));
    expect(backup.stderr).toContain(
      `umask 077\n  pg_dump --format=custom --file=FILE "$PLAYGROUND_DATABASE_URL"`,
    );
    expect(backup.stderr).toContain("secret-key");
    expect(backup.stderr).not.toContain("hunter2");
    expect(backup.code).toBe(2);
    const restore = await run(["restore", "x.db"], as("postgres"));
    expect(restore.stderr).toContain("pg_restore --no-owner --exit-on-error --single-transaction");
    expect(restore.code).toBe(2);
  });
});
