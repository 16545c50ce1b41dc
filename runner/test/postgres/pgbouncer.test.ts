/** Two daemons whose connections go through PgBouncer, where it is installed. */
import { spawn } from "node:child_process";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { isInstalled } from "../support/is-installed.ts";
import { shareDatabase, type SharedDaemons } from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const PGBOUNCER = "pgbouncer";
/** It refuses to run as root, as PostgreSQL does. This is the user "nobody". */
const NOBODY = 65_534;
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const cleanUps: (() => Promise<unknown>)[] = [];
let schema: Schema;
let shared: SharedDaemons;
let url: string;

/** Starts PgBouncer in front of the run's PostgreSQL, and returns the database's URL through it. */
async function startPooler(mode: "session" | "transaction"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "playground-pgbouncer-"));
  const port = await freePort();
  const server = new URL(schema.url).searchParams.get("host");
  // PgBouncer passes no search_path on. The role goes with the PostgreSQL of the run.
  const role = `${mode}_${schema.name}`;
  await schema.query(
    `CREATE ROLE ${role} LOGIN SUPERUSER; ALTER ROLE ${role} SET search_path = ${schema.name}`,
  );
  const path = join(folder, "pgbouncer.ini");
  await writeFile(
    path,
    `[databases]
postgres = host=${server} user=${role}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 20
`,
  );
  if (identity.uid !== undefined) await chown(folder, identity.uid, identity.gid);
  const child = spawn(PGBOUNCER, [path], { ...identity, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  cleanUps.push(async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true });
  });
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

describe.skipIf(!isInstalled(PGBOUNCER))("daemons behind PgBouncer", () => {
  beforeEach(async () => {
    schema = await createSchema();
    cleanUps.push(() => schema.release());
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  async function share(mode: "session" | "transaction"): Promise<void> {
    url = await startPooler(mode);
    shared = await shareDatabase(url, { plugins: { echo: "(input) => input" } });
    cleanUps.push(() => shared.close());
  }

  test("work in its session mode, and hear each other", async () => {
    await share("session");
    const receiver = await createReceiver();
    cleanUps.push(() => receiver.close());
    const [first, second] = [await shared.start(), await shared.start()];
    const { jobId } = await first.post("/v1/jobs", {
      plugins: ["echo"],
      input: { n: 1 },
      webhook: { url: receiver.url },
    });
    const job = await until("the job to complete", async () => {
      const read = await second.get(`/v1/jobs/${jobId}`);
      return read.status === "completed" ? read : null;
    });
    expect(job.output).toEqual({ n: 1 });
    await until("three events", () => receiver.received.length === 3);
    await first.end("SIGTERM");
    expect(await second.post("/v1/jobs", { plugins: ["echo"] })).toMatchObject({
      status: "queued",
    });
  });

  test("are refused in its transaction mode, with the setting that is needed", async () => {
    await share("transaction");
    await expect(shared.start()).rejects.toThrow("PgBouncer: pool_mode = session");
  });
});
