import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toJsonText } from "../../domain/json-text.ts";
import type { NewJob } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import { createSqliteStore } from "./sqlite-store.ts";

const UNLIMITED = { maxQueued: 1_000_000 };
const CRASHING_WRITER = new URL(
  "../../../test/support/writers/crashing-writer.ts",
  import.meta.url,
);

function newJob(id: string): NewJob {
  return {
    id,
    name: null,
    metadata: toJsonText({}),
    plugins: [{ name: "first", options: toJsonText({}) }],
    input: toJsonText(null),
    priority: 0,
    runAt: 0,
    timeoutMs: null,
    createdAt: 0,
    webhook: null,
    idempotency: null,
  };
}

describe("the SQLite store's file", () => {
  let folder: string;
  let path: string;
  const opened: Store[] = [];

  async function open(options: { writer?: URL } = {}): Promise<Store> {
    const store = await createSqliteStore({ path, ...options });
    opened.push(store);
    return store;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "playground-store-"));
    path = join(folder, "playground.db");
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
    await rm(folder, { recursive: true });
  });

  test("is the only file after a close, and contains all that was written", async () => {
    const store = await open();
    await store.submitJob(newJob("job_1"), UNLIMITED);
    await store.close();
    const files = (await readdir(folder)).filter((file) => !file.includes("-lock"));
    expect(files).toEqual(["playground.db"]);
  });

  test("is readable only by its owner, even in a folder that others can read", async () => {
    await chmod(folder, 0o755);
    const store = await open();
    await store.submitJob(newJob("job_1"), UNLIMITED);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      expect((await stat(file)).mode & 0o777, file).toBe(0o600);
    }
  });

  test("is refused to a second daemon with its name, and is free after a close", async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: "STORE_IN_USE",
      message: expect.stringContaining(path),
    });
    await first.submitJob(newJob("job_1"), UNLIMITED);
    await first.close();
    const second = await open();
    expect((await second.job("job_1"))?.status).toBe("queued");
  });

  test("is free after its daemon was killed, and contains all that was acknowledged", async () => {
    const daemon = spawn(process.execPath, [
      "--eval",
      `import { createSqliteStore } from ${JSON.stringify(new URL("./sqlite-store.ts", import.meta.url))};
       const store = await createSqliteStore({ path: ${JSON.stringify(path)} });
       await store.submitJob(${JSON.stringify(newJob("job_1"))}, { maxQueued: 1 });
       console.log("stored");
       setInterval(() => {}, 1000);`,
    ]);
    try {
      const [line] = await once(daemon.stdout, "data");
      expect(String(line)).toBe("stored\n");
      await expect(open()).rejects.toMatchObject({ code: "STORE_IN_USE" });
    } finally {
      const exited = once(daemon, "exit");
      daemon.kill("SIGKILL");
      await exited;
    }
    const store = await open();
    expect((await store.job("job_1"))?.status).toBe("queued");
  });

  test("is refused when a newer version wrote it, and is not changed", async () => {
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 999");
    db.close();
    await expect(open()).rejects.toMatchObject({
      code: "STORE_TOO_NEW",
      message: expect.stringMatching(/playground\.db has schema version 999; .* up to \d+/),
    });
    const after = new DatabaseSync(path);
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 999 });
    expect(after.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()).toEqual({
      tables: 0,
    });
    after.close();
  });

  test("is refused with its name when it is not a database", async () => {
    await writeFile(path, "This is a letter, not a database. ".repeat(100));
    await expect(open()).rejects.toMatchObject({
      code: "STORE_UNREADABLE",
      message: expect.stringContaining(path),
    });
  });

  test("is refused with its name when its folder is missing", async () => {
    path = join(folder, "missing", "playground.db");
    await expect(open()).rejects.toMatchObject({
      code: "STORE_UNREADABLE",
      message: expect.stringContaining(path),
    });
  });

  test("can be opened after it was refused", async () => {
    await writeFile(path, "This is not a database, but it is long enough for one. ".repeat(100));
    await expect(open()).rejects.toThrow("cannot be opened");
    await rm(path);
    const store = await open();
    expect(await store.job("job_1")).toBeNull();
  });

  describe("with a writer thread that dies", () => {
    const CRASH = "crash"; // crashing-writer.ts ends its thread at a change with this owner.

    const crash = (store: Store) => store.reap({ owner: CRASH, now: 0 });

    test("keeps what was acknowledged, rejects what was pending, and accepts new changes", async () => {
      const store = await open({ writer: CRASHING_WRITER });
      await store.submitJob(newJob("job_before"), UNLIMITED);
      const died = crash(store);
      const pending = store.submitJob(newJob("job_pending"), UNLIMITED);
      await expect(died).rejects.toMatchObject({ name: "Transient", code: "STORE_WRITER_DIED" });
      await expect(pending).rejects.toMatchObject({ name: "Transient", code: "STORE_WRITER_DIED" });
      await store.submitJob(newJob("job_after"), UNLIMITED);
      const { items } = await store.jobs({}, { limit: 10, cursor: null });
      expect(items.map(({ id }) => id)).toEqual(["job_after", "job_before"]);
    });

    test("applies no change that was called after the lost write group", async () => {
      const store = await open({ writer: CRASHING_WRITER });
      const died = crash(store);
      died.catch(() => {});
      // Runs directly after the callback that sends the first group, before the thread's exit can
      // be noticed. An iteration of the event loop later, the thread could be replaced already.
      await new Promise((resolve) => setImmediate(resolve));
      const behind = store.submitJob(newJob("job_behind"), UNLIMITED);
      await expect(behind).rejects.toMatchObject({ code: "STORE_WRITER_DIED" });
      await expect(died).rejects.toMatchObject({ code: "STORE_WRITER_DIED" });
      expect((await store.counts()).jobs.queued).toBe(0);
    });

    test("closes", async () => {
      const store = await open({ writer: CRASHING_WRITER });
      const died = crash(store);
      died.catch(() => {});
      await store.close();
      await expect(died).rejects.toMatchObject({ code: "STORE_WRITER_DIED" });
    });

    test("is still refused to a second daemon", async () => {
      const store = await open({ writer: CRASHING_WRITER });
      await expect(crash(store)).rejects.toThrow("died");
      await expect(open()).rejects.toMatchObject({ code: "STORE_IN_USE" });
    });
  });
});
