/** The command that gives the database another key. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SEALED_COLUMNS } from "../../src/store/shared/sealed-columns.ts";
import { runCli } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { addPlugin, expectReadable, sealThings } from "../support/sealed-things.ts";

let root: string;
let receiver: Receiver;
let daemon: Daemon | null;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "playground-rotate-"));
  receiver = await createReceiver();
  daemon = null;
  await addPlugin(join(root, "plugins"));
});
afterEach(async () => {
  await daemon?.close();
  await receiver.close();
  await rm(root, { recursive: true, force: true });
});

const start = async (env: Record<string, string> = {}): Promise<Daemon> =>
  (daemon = await startDaemon({ root, env }));
const stop = async (): Promise<void> => void (await daemon?.end("SIGTERM"));
const rotate = (args: readonly string[] = [], env: Record<string, string> = {}) =>
  runCli(["rotate-key", "--data-dir", join(root, "data"), ...args], { env });
const keyFile = (): string => join(root, "data", "secret-key");
const newKey = async (name: string): Promise<string> => {
  const path = join(root, name);
  await writeFile(path, `${randomBytes(32).toString("base64")}\n`);
  return path;
};

/** Everything in the database that the vault has sealed. */
function sealedValues(): string[] {
  const db = new DatabaseSync(join(root, "data", "playground.db"), { readOnly: true });
  try {
    const columns = db
      .prepare(
        `SELECT tables.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
         WHERE columns.name = 'sealed' ORDER BY tables.name`,
      )
      .all()
      .map(({ name }) => String(name));
    expect(columns).toEqual(SEALED_COLUMNS.map(({ table }) => table).toSorted());
    const sealed = columns.flatMap((table) =>
      db.prepare(`SELECT sealed FROM ${table} WHERE sealed IS NOT NULL`).all(),
    );
    const check = db.prepare(`SELECT value AS sealed FROM meta WHERE key = 'vault-check'`).all();
    return [...sealed, ...check].map((row) => String(row["sealed"]));
  } finally {
    db.close();
  }
}

test("everything that is sealed gets the new key, and the next daemon reads it", async () => {
  await sealThings(await start(), receiver);
  await expectReadable(await currentDaemon(), receiver);
  const running = await rotate();
  expect(running).toMatchObject({ code: 1, stderr: expect.stringContaining("in use by another") });
  await stop();
  const before = { key: await readFile(keyFile(), "utf8"), values: sealedValues() };
  // The webhook, the schedule and its job's webhook, the secret.
  expect(before.values).toHaveLength(5);
  const rotated = await rotate();
  expect(rotated).toMatchObject({ code: 0, stderr: "" });
  expect(rotated.stdout).toContain("4 values are encrypted with the new key.");
  expect(rotated.stdout).toContain(`${keyFile()}.old`);
  expect(await readFile(`${keyFile()}.old`, "utf8")).toBe(before.key);
  expect((await stat(`${keyFile()}.old`)).mode & 0o777).toBe(0o600);
  expect(await readFile(keyFile(), "utf8")).not.toBe(before.key);
  expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
  const after = sealedValues();
  expect(after).toHaveLength(5);
  expect(after.filter((value) => before.values.includes(value))).toEqual([]);
  await expectReadable(await start(), receiver);
  await stop();
  // The old key opens nothing.
  await writeFile(keyFile(), before.key);
  await expect(start()).rejects.toThrow(/is not the key that this database was encrypted with/);
  expect((await rotate()).stderr).toContain("is not the key that this database was encrypted with");
});

async function currentDaemon(): Promise<Daemon> {
  if (daemon === null) throw new Error("No daemon runs.");
  return daemon;
}

test("a key of the operator is replaced by another one", async () => {
  const [old, next] = [await newKey("old"), await newKey("next")];
  const env = { PLAYGROUND_SECRET_KEY_FILE: old };
  await sealThings(await start(env), receiver);
  await stop();
  const without = await rotate([], env);
  expect(without.code).not.toBe(0);
  expect(without.stderr).toMatch(/PLAYGROUND_SECRET_KEY_FILE is set.*--new-key-file/s);
  const wrong = await rotate(["--new-key-file", next], { PLAYGROUND_SECRET_KEY_FILE: next });
  // The new key is given as the old one by mistake: it is neither.
  expect(wrong.stderr).toContain("Nothing was changed");
  await writeFile(join(root, "short"), "short");
  expect((await rotate(["--new-key-file", join(root, "short")], env)).stderr).toContain(
    "must contain 32 bytes in base64",
  );
  const rotated = await rotate(["--new-key-file", next], env);
  expect(rotated.stdout).toContain("Set PLAYGROUND_SECRET_KEY_FILE to the new key");
  const again = await rotate(["--new-key-file", next], env);
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("already") });
  await expect(stat(keyFile())).rejects.toThrow(/ENOENT/);
  await expect(start(env)).rejects.toThrow(/is not the key/);
  await expectReadable(await start({ PLAYGROUND_SECRET_KEY_FILE: next }), receiver);
});

test("a value that was changed in the database is left as it is, and named", async () => {
  await sealThings(await start(), receiver);
  await stop();
  const db = new DatabaseSync(join(root, "data", "playground.db"));
  db.exec(`UPDATE secrets SET sealed = 'v2:AAAA'`);
  db.close();
  const { code, stdout } = await rotate();
  expect(code).toBe(0);
  expect(stdout).toContain("1 could not be decrypted with the old key either");
  expect(stdout).toContain("secrets API_KEY");
  expect(sealedValues()).toContain("v2:AAAA");
});
