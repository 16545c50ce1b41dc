/** `backup`, `restore` and `check` on the databases of real daemons. */
import { existsSync, readdirSync, statSync } from "node:fs";
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCli, type CliRun } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver } from "../support/receiver.ts";
import { schemaFixture, schemaFixtureVersions } from "../support/schema-fixtures.ts";
import { until } from "../support/until.ts";

const PLUGINS = {
  echo: "(input) => input",
  gate: `async ({ file }) => {
    while (!existsSync(file)) await sleep(5);
    return "open";
  }`,
};

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "playground-backup-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function open(root: string): Promise<Daemon> {
  const daemon = await startDaemon({
    root,
    plugins: PLUGINS,
    env: { PLAYGROUND_GRACE_MS: "0", PLAYGROUND_LOG_LEVEL: "error" },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

function command(name: string, root: string, ...args: string[]): Promise<CliRun> {
  return runCli([name, ...args, "--data-dir", join(root, "data")]);
}

function echoJob(input: unknown, more: object = {}): object {
  return { plugins: ["echo"], input, ...more };
}

/** A daemon with a job that has ended, and one that runs until the file `gate` exists. */
async function openWithWork(
  root: string,
): Promise<{ daemon: Daemon; ended: string; open: string }> {
  const daemon = await open(root);
  const wait = { prefer: "wait=20" };
  const ended = await daemon.post("/v1/jobs", echoJob("kept"), wait);
  const running = await daemon.post("/v1/jobs", {
    plugins: ["gate"],
    input: { file: join(root, "gate") },
  });
  await until("the job to run", async () => {
    return (await daemon.get(`/v1/jobs/${running.jobId}`)).status === "running";
  });
  return { daemon, ended: ended.jobId, open: running.jobId };
}

describe("backup of a busy daemon", () => {
  test("is one checked file that only its owner can read, and is restored with the key that it names", async () => {
    const root = await openFolder();
    const { daemon, ended, open: running } = await openWithWork(root);
    const file = join(root, "backup.db");
    let isBusy = true;
    const load = (async () => {
      while (isBusy) await daemon.post("/v1/jobs", echoJob("load"));
    })();
    const made = await command("backup", root, file);
    isBusy = false;
    await load;
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toContain(`Backed up ${daemon.dataDir}/playground.db to ${file}`);
    expect(made.stdout).toContain(`the file ${daemon.dataDir}/secret-key: the key`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(readdirSync(root).filter((name) => name.startsWith("backup"))).toEqual(["backup.db"]);
    expect((await runCli(["check", file])).code).toBe(0);

    const elsewhere = await openFolder();
    const restored = await command("restore", elsewhere, file);
    expect(restored).toMatchObject({ code: 0, stderr: "" });
    expect(restored.stdout).toContain(
      "Before you start a daemon, copy the key that belongs to the backup to",
    );
    await copyFile(join(daemon.dataDir, "secret-key"), join(elsewhere, "data", "secret-key"));
    const again = await command("restore", elsewhere, file, "--force");
    expect(again.stdout).toContain("The existing key opens it.");

    const second = await open(elsewhere);
    expect(await second.get(`/v1/jobs/${ended}`)).toMatchObject({ status: "completed" });
    await writeFile(join(root, "gate"), "");
    for (const each of [daemon, second]) {
      await until("the running job to complete", async () => {
        return (await each.get(`/v1/jobs/${running}`)).status === "completed";
      });
    }
  });

  test("replaces a file only with --force, and reports a folder that it cannot write to", async () => {
    const root = await openFolder();
    await open(root);
    const file = join(root, "backup.db");
    await writeFile(file, "mine");
    const refused = await command("backup", root, file);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toBe(
      `FILE is "${file}", which already exists. Choose another file, or use --force to replace it.\n`,
    );
    expect((await command("backup", root, file, "--force")).code).toBe(0);
    expect((await runCli(["check", file])).code).toBe(0);

    const nowhere = await command("backup", root, join(root, "missing", "b.db"));
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain("it must be a file in a folder that you can write to");
    expect((await command("backup", root)).stderr).toContain(
      "backup needs a file: playground-runner backup FILE",
    );
  });
});

describe("backup with files", () => {
  const upload = async (daemon: Daemon, body: string) => {
    const response = await daemon.request("/v1/files", { method: "PUT", body });
    return (await response.json()) as { fileId: string; sha256: string };
  };
  const pathIn = (contents: string, sha256: string): string =>
    join(contents, sha256.slice(0, 2), sha256);

  test("that replaces another has no contents of the old one, and leaves alone what is not its own", async () => {
    const root = await openFolder();
    const daemon = await open(root);
    const [old, kept] = [await upload(daemon, "old"), await upload(daemon, "kept")];
    const [file, contents] = [join(root, "backup.db"), join(root, "backup.db.files")];
    await command("backup", root, file);
    await writeFile(join(contents, "notes.txt"), "the operator's");
    await daemon.request(`/v1/files/${old.fileId}`, { method: "DELETE" });
    await writeFile(`${file}.part`, "mine");
    const made = await command("backup", root, file, "--force");
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(pathIn(contents, old.sha256))).toBe(false);
    expect(await readFile(`${file}.part`, "utf8")).toBe("mine");
    expect(await readFile(pathIn(contents, kept.sha256), "utf8")).toBe("kept");
    expect(await readFile(join(contents, "notes.txt"), "utf8")).toBe("the operator's");
    expect((await runCli(["check", file])).code).toBe(0);
  });

  test("that fails leaves the one that it would have replaced", async () => {
    const root = await openFolder();
    const daemon = await open(root);
    const old = await upload(daemon, "old");
    const [file, contents] = [join(root, "backup.db"), join(root, "backup.db.files")];
    await command("backup", root, file);
    await daemon.request(`/v1/files/${old.fileId}`, { method: "DELETE" });
    const { sha256 } = await upload(daemon, "new");
    // Where the folder of the new content has to be.
    await writeFile(join(contents, sha256.slice(0, 2)), "in the way");
    expect((await command("backup", root, file, "--force")).code).toBe(2);
    expect(
      readdirSync(root)
        .filter((name) => name.startsWith("backup"))
        .toSorted(),
    ).toEqual(["backup.db", "backup.db.files"]);
    const checked = await runCli(["check", file]);
    expect(checked.stdout).toContain("No problems found");
    expect(await readFile(pathIn(contents, old.sha256), "utf8")).toBe("old");
  });
});

test("backup and check of a file that does not exist say so, and create no file", async () => {
  const root = await openFolder();
  for (const args of [["backup", join(root, "none.db")], ["check"]]) {
    const { code, stderr } = await runCli([...args, "--data-dir", join(root, "data")]);
    expect(stderr).toBe(
      `PLAYGROUND_DATA_DIR is "${root}/data": it must be a folder with a database, but ${root}/data/playground.db does not exist. Use --data-dir to name another folder.\n`,
    );
    expect(code).toBe(2);
  }
  const file = await runCli(["check", "none.db"], { cwd: root });
  expect(file.stderr).toBe(
    `FILE is "${root}/none.db": it must be a backup, but it does not exist.\n`,
  );
  expect(file.code).toBe(2);
  expect(readdirSync(root)).toEqual([]);
});

describe.skipIf(process.getuid?.() !== 0)("root, for a daemon of another user,", () => {
  const USER = 65_534;

  async function openBackup(): Promise<{ root: string; file: string; dataDir: string }> {
    const root = await openFolder();
    await chmod(root, 0o755);
    const daemon = await open(root);
    const file = join(root, "backup.db");
    await daemon.request("/v1/files", { method: "PUT", body: "a content" });
    await command("backup", root, file);
    await daemon.end("SIGTERM");
    const dataDir = join(root, "theirs");
    await mkdir(dataDir, { mode: 0o700 });
    await chown(dataDir, USER, USER);
    return { root, file, dataDir };
  }

  test("writes files that that user's daemon can open", async () => {
    const { file, dataDir } = await openBackup();
    for (const args of [
      ["restore", file],
      ["restore", file, "--force"],
      ["backup", join(dataDir, "copy.db")],
      ["tokens", "add", "ci", "--scope", "read"],
    ]) {
      const { code, stderr } = await runCli([...args, "--data-dir", dataDir]);
      expect(code, stderr).toBe(0);
    }
    const names = readdirSync(dataDir, { recursive: true, encoding: "utf8" });
    const owners = names.map((name) => [name, statSync(join(dataDir, name)).uid]);
    expect(names).toContain("playground.db-lock");
    expect(names.some((name) => name.startsWith("artifacts/"))).toBe(true);
    expect(owners.filter(([, uid]) => uid !== USER)).toEqual([]);
  });

  test.each(["playground.db", "playground.db-lock"])(
    "is named as the owner of a %s that the daemon cannot open",
    async (name) => {
      const { file, dataDir } = await openBackup();
      await runCli(["restore", file, "--data-dir", dataDir]);
      await chown(join(dataDir, name), 0, 0);
      const { code, stderr } = await runCli(["start", "--port", "0", "--data-dir", dataDir], {
        cwd: dataDir,
        env: { PLAYGROUND_LOG_LEVEL: "error" },
        uid: USER,
      });
      expect(stderr).toContain(
        `${name} belongs to user 0, and this process runs as user ${USER}, who cannot write to it: change the owner to user ${USER}`,
      );
      expect(code).toBe(1);
    },
  );
});

describe("restore refuses", () => {
  test("a data folder that a daemon has open", async () => {
    const root = await openFolder();
    const daemon = await open(root);
    const file = join(root, "backup.db");
    await command("backup", root, file);
    const refused = await command("restore", root, file, "--force");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/playground\.db is in use by another daemon/);
    expect((await daemon.request("/readyz")).status).toBe(200);
  });

  test("a data folder with a database, which --force renames", async () => {
    const root = await openFolder();
    const daemon = await open(root);
    const file = join(root, "backup.db");
    await command("backup", root, file);
    const { jobId } = await daemon.post("/v1/jobs", echoJob(1), { prefer: "wait=20" });
    await daemon.end("SIGKILL");
    const refused = await command("restore", root, file);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("already contains a database");

    const done = await command("restore", root, file, "--force");
    expect(done.code).toBe(0);
    const kept = /was renamed to (\S+)\.\n/.exec(done.stdout)?.[1] ?? "";
    const old = new DatabaseSync(kept);
    expect(old.prepare("SELECT id FROM jobs").all()).toEqual([{ id: jobId }]);
    old.close();
    const second = await open(root);
    expect((await second.get("/v1/jobs")).items).toEqual([]);
  });

  test.each([
    [
      "a file that does not exist",
      async () => undefined,
      "it must be a backup, but it does not exist",
    ],
    ["a file that is not a database", (path: string) => writeFile(path, "a,b\n"), "not a database"],
    [
      "a database of another program",
      async (path: string) =>
        change(path, "CREATE TABLE notes (text TEXT); PRAGMA user_version = 1"),
      "is not a database of Playground",
    ],
  ])("%s", async (_, make, message) => {
    const root = await openFolder();
    const file = join(root, "backup.db");
    await make(file);
    const refused = await command("restore", root, file);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(message);
    expect(existsSync(join(root, "data", "playground.db"))).toBe(false);
  });

  test.each([
    [
      "a backup from a newer version",
      "PRAGMA user_version = 99",
      /schema version 99; this program supports versions up/,
    ],
    [
      "a damaged backup",
      "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = 9 WHERE name = 'logs'",
      /is damaged: /,
    ],
  ])("%s", async (_, sql, message) => {
    const root = await openFolder();
    const daemon = await open(root);
    const file = join(root, "backup.db");
    await command("backup", root, file);
    await daemon.end("SIGTERM");
    change(file, sql);
    const elsewhere = join(root, "elsewhere");
    const refused = await command("restore", elsewhere, file);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(message);
    expect(existsSync(join(elsewhere, "data", "playground.db"))).toBe(false);
  });
});

test("a daemon refuses to start on a newer database, and so do backup and check", async () => {
  const root = await openFolder();
  const daemon = await open(root);
  await daemon.end("SIGTERM");
  change(join(daemon.dataDir, "playground.db"), "PRAGMA user_version = 99");
  const started = await command("start", root, "--port", "0");
  expect(started.code).toBe(1);
  expect(started.stderr).toMatch(/schema version 99.*Run the daemon that wrote it, or a newer one/);
  expect(started.stderr).not.toContain("    at ");
  for (const name of ["check", "backup"]) {
    const refused = await command(name, root, ...(name === "backup" ? [join(root, "b.db")] : []));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("schema version 99");
  }
});

describe("check", () => {
  test("finds no problem while a daemon works, or after each kill", async () => {
    const root = await openFolder();
    const receiver = await createReceiver((_, response) => {
      response.statusCode = Math.random() < 0.3 ? 500 : 200;
      response.end();
    });
    onTestFinished(() => receiver.close());
    for (let life = 0; life < 3; life += 1) {
      const daemon = await open(root);
      const jobs = Array.from({ length: 40 }, (_, n) =>
        daemon.post("/v1/jobs", {
          plugins: ["echo", "echo"],
          input: n,
          webhook: { url: receiver.url },
        }),
      );
      const during = await command("check", root);
      expect(during).toMatchObject({ code: 0, stderr: "" });
      await Promise.all(jobs);
      await daemon.end("SIGKILL");
      const after = await command("check", root);
      expect(after).toMatchObject({ code: 0, stderr: "" });
      expect(after.stdout).toMatch(/^No problems found in \S+ by \d+ checks .*\n$/);
      const verbose = await command("check", root, "--verbose");
      expect(verbose.stdout).toContain("ok      every event that a job's own webhook wants");
    }
  });

  test("names what is broken, and exits with 1", async () => {
    const root = await openFolder();
    const daemon = await open(root);
    await daemon.post("/v1/jobs", echoJob(1), { prefer: "wait=20" });
    await daemon.end("SIGTERM");
    change(join(daemon.dataDir, "playground.db"), "DELETE FROM events WHERE sequence = 2");
    const { code, stdout } = await command("check", root);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /BROKEN {2}a job's events are numbered.*\n +job_\w+: the sequence is 3, but there are 2/,
    );
    expect(stdout).toMatch(
      /^1 of \d+ checks of .* failed\. First keep a copy of the database and the data folder\./m,
    );
  });
});

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.enableDefensive(false);
  db.exec(sql);
  db.close();
}

const FIRST_WITH_FILES = 9;

test.each(schemaFixtureVersions().slice(0, -1))(
  "check, backup and restore work on a database of schema %d, from before an upgrade",
  async (version) => {
    const root = await openFolder();
    await mkdir(join(root, "data"));
    const packed = await readFile(schemaFixture(version));
    await writeFile(join(root, "data", "playground.db"), gunzipSync(packed));
    // The fixtures have the rows of files, and not their contents.
    if (version >= FIRST_WITH_FILES) {
      change(join(root, "data", "playground.db"), "DELETE FROM job_files; DELETE FROM files");
    }
    const checked = await command("check", root);
    expect(checked, checked.stderr).toMatchObject({ code: 0 });
    expect(checked.stdout).toMatch(
      new RegExp(`^An earlier version of Playground .*\\n.*schema version ${version}\\)`),
    );
    const copied = await command("backup", root, join(root, "copy.db"));
    expect(copied, copied.stderr).toMatchObject({ code: 0 });
    const elsewhere = await openFolder();
    const restored = await command("restore", elsewhere, join(root, "copy.db"));
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(restored.stdout).toMatch(/It contains jobs: \d+/);
  },
);

describe("a backup with files", () => {
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  async function upload(daemon: Daemon, body: string): Promise<any> {
    return (await daemon.request("/v1/files", { method: "PUT", body })).json();
  }

  async function backUp(root: string, file: string): Promise<CliRun> {
    const made = await command("backup", root, file, "--force");
    expect(made).toMatchObject({ code: 0, stderr: "" });
    return made;
  }

  test("has their contents beside it, and is restored with them", async () => {
    const root = await openFolder();
    const daemon = await open(root);
    const file = await upload(daemon, "backed up");
    const job = await daemon.post("/v1/jobs", echoJob({ $file: file.fileId }), {
      prefer: "wait=20",
    });
    const backup = join(root, "backup.db");
    const made = await backUp(root, backup);
    expect(made.stdout).toContain(`The contents of its files are in ${backup}.files`);
    await daemon.end("SIGTERM");
    expect(await command("check", root, backup)).toMatchObject({ code: 0 });

    const other = join(root, "other");
    await mkdir(join(other, "data"), { recursive: true });
    expect(await command("restore", other, backup)).toMatchObject({ code: 0, stderr: "" });
    await copyFile(join(root, "data", "secret-key"), join(other, "data", "secret-key"));
    expect(await command("check", other)).toMatchObject({ code: 0 });
    const restored = await open(other);
    expect(await restored.get(`/v1/jobs/${job.jobId}`)).toMatchObject({
      output: { $file: file.fileId },
    });
    const content = await restored.request(`/v1/files/${file.fileId}/content`);
    expect(await content.text()).toBe("backed up");
  });

  test("is not restored without them, unless that is allowed", async () => {
    const root = await openFolder();
    const daemon = await open(root);
    const { sha256 } = await upload(daemon, "lost");
    await daemon.end("SIGTERM");
    const backup = join(root, "backup.db");
    await backUp(root, backup);
    await rm(join(`${backup}.files`, sha256.slice(0, 2), sha256));
    const checked = await command("check", root, backup);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain(`lacks ${sha256}`);
    const other = join(root, "other");
    const refused = await command("restore", other, backup);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`missing or damaged in ${backup}.files, such as ${sha256}`);
    expect(existsSync(join(other, "data", "playground.db"))).toBe(false);
    const allowed = await command("restore", other, backup, "--partial");
    expect(allowed.code).toBe(0);
    expect(allowed.stderr).toContain("Warning");
  });

  test("keeps the contents of the database that it replaces", async () => {
    const root = await openFolder();
    const daemon = await open(root);
    const backup = join(root, "backup.db");
    await backUp(root, backup);
    const { sha256 } = await upload(daemon, "newer than the backup");
    await daemon.end("SIGTERM");
    const restored = await command("restore", root, backup, "--force");
    expect(restored.code).toBe(0);
    const [, kept = ""] = /was renamed to (\S+)\./.exec(restored.stdout) ?? [];
    const content = await readFile(join(`${kept}.files`, sha256.slice(0, 2), sha256), "utf8");
    expect(content).toBe("newer than the backup");
  });
});
