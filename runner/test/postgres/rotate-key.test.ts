/** The command that gives a PostgreSQL database another key. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sealCheck } from "../../src/secrets/check-vault.ts";
import { createVault } from "../../src/secrets/vault.ts";
import { connect } from "../../src/store/postgres/connect.ts";
import { withSealedDatabase } from "../../src/store/postgres/sealed-database.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { killable, MOMENTS, planKill } from "../support/kill-at-commit.ts";
import {
  SECRET_KEY,
  shareDatabase,
  urlOf,
  type SharedDaemons,
} from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { addPlugin, expectReadable, sealThings } from "../support/sealed-things.ts";
import { until } from "../support/until.ts";

const NEXT_KEY = randomBytes(32).toString("base64");

let schema: Schema;
let shared: SharedDaemons;
let receiver: Receiver;
let folder: string;

beforeEach(async () => {
  schema = await createSchema();
  folder = await mkdtemp(join(tmpdir(), "playground-rotate-"));
  const pluginsDir = join(folder, "plugins");
  await addPlugin(pluginsDir);
  shared = await shareDatabase(urlOf(schema), { pluginsDir });
  receiver = await createReceiver();
});
afterEach(async () => {
  await shared.close();
  await receiver.close();
  await rm(folder, { recursive: true });
  await schema.release();
});

async function rotate(moreEnv: Record<string, string> = {}) {
  const file = join(folder, "next");
  await writeFile(file, NEXT_KEY);
  const env = {
    PLAYGROUND_DATABASE_URL: urlOf(schema),
    PLAYGROUND_SECRET_KEY: SECRET_KEY,
    ...moreEnv,
  };
  const args = ["rotate-key", "--data-dir", join(folder, "data"), "--new-key-file", file];
  return runCli(args, { env });
}

test("everything that is sealed gets the new key, after all daemons have stopped", async () => {
  const a = await shared.start();
  await sealThings(a, receiver);
  await expectReadable(a, receiver);
  const b = await shared.start();
  await a.end("SIGTERM");
  const refused = await rotate();
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("A daemon uses the database. Stop all daemons on it.");
  await b.end("SIGTERM");
  const rotated = await rotate();
  expect(rotated).toMatchObject({ code: 0, stderr: "" });
  expect(rotated.stdout).toContain("4 values are encrypted with the new key.");
  expect((await rotate()).stdout).toContain("already");
  await expect(shared.start()).rejects.toThrow(/is not the key/);
  await expectReadable(await shared.start({ PLAYGROUND_SECRET_KEY: NEXT_KEY }), receiver);
});

test.each(MOMENTS)(
  "a rotation that is killed %s its commit leaves one key that fits, and can be run again",
  async (at) => {
    const first = await shared.start();
    await sealThings(first, receiver);
    await first.end("SIGTERM");
    const plan = join(folder, "plan");
    await planKill(plan, at, "UPDATE secrets SET sealed");
    expect(await rotate(killable(plan))).toEqual({ code: null, stdout: "", stderr: "" });
    const [fits, other] = at === "after" ? [NEXT_KEY, SECRET_KEY] : [SECRET_KEY, NEXT_KEY];
    await expect(shared.start({ PLAYGROUND_SECRET_KEY: other })).rejects.toThrow(/is not the key/);
    const next = await shared.start({ PLAYGROUND_SECRET_KEY: fits });
    await expectReadable(next, receiver);
    await next.end("SIGTERM");
    const again = at === "after" ? "already" : "4 values are encrypted with the new key.";
    expect((await rotate()).stdout).toContain(again);
    await expectReadable(await shared.start({ PLAYGROUND_SECRET_KEY: NEXT_KEY }), receiver);
  },
);

test("a daemon that starts during a rotation notices that its key is no longer the right one", async () => {
  await (await shared.start()).end("SIGTERM");
  const observer = await connect({ url: schema.url, schema: schema.name, pipeline: false });
  let starting: Promise<Daemon | Error> | undefined;
  try {
    await withSealedDatabase({ url: schema.url, schema: schema.name }, async (database) => {
      starting = shared.start().catch((error: Error) => error);
      await until("the daemon to wait for the rotation", async () => {
        const waiting = await observer.query(
          `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
             AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(current_schema(), 7031)`,
        );
        return waiting.length > 0;
      });
      await sealCheck(database, createVault(Buffer.from(NEXT_KEY, "base64")));
    });
  } finally {
    await observer.close();
  }
  const message = expect.stringMatching(/is not the key that this database was encrypted with/);
  expect(await starting).toMatchObject({ message });
});
