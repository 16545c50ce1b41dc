/** `export` and `import` of the databases of real daemons. */
import { execFileSync, spawn } from "node:child_process";
import { createWriteStream, existsSync, readdirSync, statSync } from "node:fs";
import {
  chown,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BINARY, runCli, type CliRun } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { sha256 } from "../support/file-requests.ts";
import { createLaterReceiver, fillWithWork, MOVED_PLUGINS } from "../support/moved-work.ts";
import { addPlugin } from "../support/sealed-things.ts";
import { until } from "../support/until.ts";

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "playground-transfer-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function open(root: string): Promise<Daemon> {
  await addPlugin(join(root, "plugins"));
  const daemon = await startDaemon({
    root,
    plugins: MOVED_PLUGINS,
    env: { PLAYGROUND_GRACE_MS: "0", PLAYGROUND_LOG_LEVEL: "error" },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

const dataOf = (root: string): string => join(root, "data");

function command(name: string, root: string, ...args: string[]): Promise<CliRun> {
  return runCli([name, ...args, "--data-dir", dataOf(root)]);
}

async function copyKey(from: string, to: string): Promise<void> {
  await mkdir(dataOf(to), { recursive: true });
  await copyFile(join(dataOf(from), "secret-key"), join(dataOf(to), "secret-key"));
}

test("what a killed daemon had is in a new data folder, where the next daemon goes on with it", async () => {
  const [root, elsewhere] = [await openFolder(), await openFolder()];
  const receiver = await createLaterReceiver();
  onTestFinished(() => receiver.close());
  const daemon = await open(root);
  const added = await command("tokens", root, "add", "ci", "--scope", "read");
  const work = await fillWithWork(daemon, { root, receiver });
  const file = join(root, "moved.export");
  const during = await command("export", root, file);
  expect(during).toMatchObject({ code: 0, stderr: "" });
  expect(during.stdout).toContain("A daemon was up.");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await daemon.end("SIGKILL");

  expect((await command("export", root, file)).code).toBe(2);
  const made = await command("export", root, file, "--force");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toContain("do not start a daemon on this database again");
  expect(readdirSync(root).filter((name) => name.startsWith("moved"))).toEqual(["moved.export"]);
  await copyKey(root, elsewhere);
  const imported = await command("import", elsewhere, file);
  expect(imported).toMatchObject({ code: 0, stderr: "" });
  expect(imported.stdout).toContain("No problems found in");
  expect(imported.stdout).toContain("tokens: 1; files: 2, with 2 contents");
  expect((await stat(join(dataOf(elsewhere), "playground.db"))).mode & 0o777).toBe(0o600);

  receiver.open();
  const moved = await open(elsewhere);
  const headers = { authorization: `Bearer ${added.stdout.trim()}` };
  expect((await moved.request("/v1/jobs", { headers })).status).toBe(200);
  await work.expectDone(moved);
  expect((await command("check", elsewhere)).code).toBe(0);
});

describe("with an export", () => {
  let root: string;
  let file: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "playground-transfer-"));
    await addPlugin(join(root, "plugins"));
    const daemon = await startDaemon({ root, plugins: MOVED_PLUGINS });
    await daemon.request("/v1/files?name=a.txt", { method: "PUT", body: "one content" });
    await daemon.post("/v1/jobs", { plugins: ["echo"], input: "kept" }, { prefer: "wait=30" });
    await daemon.end("SIGTERM");
    file = join(root, "made.export");
    expect((await command("export", root, file)).code).toBe(0);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  test("--json prints the result of both commands", async () => {
    const again = join(await openFolder(), "again.export");
    const exported = JSON.parse((await command("export", root, again, "--json")).stdout);
    expect(exported).toMatchObject({
      file: again,
      rows: { jobs: 1, files: 1 },
      contents: 1,
      missing: [],
      daemonWasUp: false,
    });
    expect(exported.bytes).toBe((await stat(again)).size);
    const elsewhere = await openFolder();
    await copyKey(root, elsewhere);
    const imported = JSON.parse((await command("import", elsewhere, again, "--json")).stdout);
    expect(imported).toMatchObject({ rows: exported.rows, contents: 1, missing: [], broken: 0 });
    expect(imported.database).toBe(join(dataOf(elsewhere), "playground.db"));
    expect(imported.checks).toBeGreaterThan(10);
  });

  test("a data folder with a database is refused, and one that a daemon has open", async () => {
    const before = await readFile(join(dataOf(root), "playground.db"));
    const refused = await command("import", root, file);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("playground.db exists. Nothing was changed.");
    expect(await readFile(join(dataOf(root), "playground.db"))).toEqual(before);
    const elsewhere = await openFolder();
    const daemon = await open(elsewhere);
    await copyKey(root, elsewhere);
    const inUse = await command("import", elsewhere, file);
    expect(inUse).toMatchObject({ code: 1 });
    expect(inUse.stderr).toContain("is in use by another daemon");
    expect((await daemon.request("/readyz")).status).toBe(200);
  });

  test("a missing key and another key are refused, with the setting", async () => {
    const elsewhere = await openFolder();
    const missing = await command("import", elsewhere, file);
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toContain("or set PLAYGROUND_SECRET_KEY to the key of that daemon");
    const other = await runCli(["import", file, "--data-dir", dataOf(elsewhere)], {
      env: { PLAYGROUND_SECRET_KEY: Buffer.alloc(32, 1).toString("base64") },
    });
    expect(other).toMatchObject({ code: 1, stdout: "" });
    expect(other.stderr).toContain("PLAYGROUND_SECRET_KEY is not the key of the daemon");
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "root gives everything to the owner of the data folder",
    async () => {
      const elsewhere = await openFolder();
      await copyKey(root, elsewhere);
      await chown(dataOf(elsewhere), 65_534, 65_534);
      await chown(join(dataOf(elsewhere), "secret-key"), 65_534, 65_534);
      expect((await command("import", elsewhere, file)).code).toBe(0);
      const names = readdirSync(dataOf(elsewhere), { recursive: true, encoding: "utf8" });
      const owners = names.map((name) => [name, statSync(join(dataOf(elsewhere), name)).uid]);
      expect(names.length).toBeGreaterThan(5);
      expect(owners.filter(([, uid]) => uid !== 65_534)).toEqual([]);
    },
  );

  test("another token with the name of an exported one is refused", async () => {
    const [named, taken] = [await openFolder(), await openFolder()];
    await cp(root, named, { recursive: true });
    for (const folder of [named, taken])
      await command("tokens", folder, "add", "ci", "--scope", "read");
    const withToken = join(named, "with-token.export");
    await command("export", named, withToken);
    await copyKey(root, taken);
    const refused = await command("import", taken, withToken);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain('has another token with the name "ci". Nothing was imported.');
    expect(readdirSync(dataOf(taken))).not.toContain("playground.db");
  });

  test.each([
    ["an empty file", () => Buffer.alloc(0), /is cut off|is not an export/],
    ["a text", () => Buffer.from("a,b\n1,2\n"), /is not an export of Playground/],
    ["JSON of another program", () => gzipSync(`{"kind":"x"}\n`), /is not an export of Playground/],
    [
      "a newer format",
      () => rewritten((text) => text.replace('"format":1', '"format":99')),
      /has format 99, written by Playground .*; this version imports formats up to 1/,
    ],
    ["half a file", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2), /is cut off or was/],
    [
      "a file without its last bytes",
      (bytes: Buffer) => bytes.subarray(0, -4),
      /is cut off or was/,
    ],
    [
      "a file without its last line",
      () => rewritten((text) => text.slice(0, text.lastIndexOf('{"end"'))),
      /is cut off or was changed: its end is missing/,
    ],
    [
      "another value in a row",
      () =>
        rewritten((text) =>
          text.replace('"kept"', '"lost"').replace(String.raw`\"kept\"`, String.raw`\"lost\"`),
        ),
      /is cut off or was changed: its checksum/,
    ],
    [
      "another byte in a content",
      () => rewritten((text) => text.replace("one content", "0ne content")),
      /is cut off or was changed: the content .* has another hash/,
    ],
    [
      "a column that there is not",
      () => rewritten((text) => text.replace('"lease_until"', '"lease_owner; --"')),
      /is cut off or was changed: there is no column/,
    ],
    ["more after the end", () => rewritten((text) => `${text}[]\n`), /is cut off or was changed/],
  ])("%s is refused, and leaves nothing behind", async (_, make, message) => {
    const elsewhere = await openFolder();
    await copyKey(root, elsewhere);
    const bad = join(elsewhere, "bad.export");
    await writeFile(bad, await make(await readFile(file)));
    const refused = await command("import", elsewhere, bad);
    expect(refused.stderr).toMatch(message);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    const left = readdirSync(dataOf(elsewhere), { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => /\.db(?!-lock)|[\da-f]{64}/.test(name))).toEqual([]);
  });

  /** With the bytes of the export changed. */
  async function changed(change: (text: string) => string): Promise<Buffer> {
    const text = gunzipSync(await readFile(file)).toString("latin1");
    return gzipSync(Buffer.from(change(text), "latin1"));
  }
  function rewritten(change: (text: string) => string): Promise<Buffer> {
    return changed(change);
  }

  test("a running daemon without a content has its database exported, after further looks", async () => {
    const copy = await openFolder();
    await cp(root, copy, { recursive: true });
    await open(copy);
    const name = sha256("one content");
    await rm(join(dataOf(copy), "artifacts", name.slice(0, 2), name), { force: true });
    const made = await command("export", copy, join(copy, "again.export"), "--json");
    expect(made.code).toBe(1);
    expect(JSON.parse(made.stdout)).toMatchObject({ missing: [name], daemonWasUp: true });
    expect(readdirSync(copy).filter((each) => each.includes("again"))).toEqual(["again.export"]);
  });

  test("an export without a content says so, and is imported with --partial only", async () => {
    const [copy, elsewhere] = [await openFolder(), await openFolder()];
    await cp(root, copy, { recursive: true });
    const name = sha256("one content");
    await rm(join(dataOf(copy), "artifacts", name.slice(0, 2), name), { force: true });
    const lacking = join(copy, "lacking.export");
    const made = await command("export", copy, lacking);
    expect(made.code).toBe(1);
    expect(made.stdout).toContain("WARNING: 1 contents of its files are missing");
    await copyKey(root, elsewhere);
    const refused = await command("import", elsewhere, lacking);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("lacks 1 contents of its files");
    expect(existsSync(join(dataOf(elsewhere), "playground.db"))).toBe(false);
    const partial = await command("import", elsewhere, lacking, "--partial");
    expect(partial.code).toBe(1);
    expect(partial.stdout).toContain("BROKEN  every file has its content");
    expect((await open(elsewhere)).output()).toContain("listening on");
  });

  test("an import that is killed leaves no database, and the next one is whole", async () => {
    const elsewhere = await openFolder();
    await copyKey(root, elsewhere);
    const pipe = join(elsewhere, "pipe");
    execFileSync("mkfifo", [pipe]);
    const child = spawn(process.execPath, [
      BINARY,
      "import",
      pipe,
      "--data-dir",
      dataOf(elsewhere),
    ]);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const bytes = await readFile(file);
    // The reader waits for the rest.
    const writer = createWriteStream(pipe);
    writer.on("error", () => {});
    writer.write(bytes.subarray(0, -40));
    const part = join(dataOf(elsewhere), "playground.db.import");
    await until("the import to begin", () => existsSync(part));
    child.kill("SIGKILL");
    await exited;
    writer.destroy();
    expect(existsSync(join(dataOf(elsewhere), "playground.db"))).toBe(false);
    const imported = await command("import", elsewhere, file);
    expect(imported).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(part)).toBe(false);
  });
});

test("a database of an earlier schema is exported after an upgrade only", async () => {
  const root = await openFolder();
  const daemon = await open(root);
  await daemon.end("SIGTERM");
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(join(dataOf(root), "playground.db"));
  db.exec("PRAGMA user_version = 3");
  db.close();
  const refused = await command("export", root, join(root, "old.export"));
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("Start a daemon of this version on it once");
  expect(readdirSync(root).filter((name) => name.includes("export"))).toEqual([]);
});
