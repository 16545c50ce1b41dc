import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { completeNext, register, submit } from "../../../test/conformance/given.ts";
import { toJsonText } from "../../domain/json-text.ts";
import { createSqliteStore } from "./sqlite-store.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "secure-delete-"))));
afterEach(() => rm(folder, { recursive: true }));

/** An input of many pages has pages of its own. A short one shares a page with others. */
const LONG = "x".repeat(50_000);
const SECRETS = [
  "short-secret",
  "long-secret",
  "end-of-long-secret",
  "key-secret",
  "sealed-secret",
];

/** Stores jobs and a webhook, deletes them, and returns which secrets the closed database's file still contains. */
async function remainsAfterDeletion(secureDelete: boolean): Promise<string[]> {
  const path = join(folder, "playground.db");
  const store = await createSqliteStore({ path, secureDelete });
  await submit(store, { input: toJsonText("stays") });
  await completeNext(store, 5000);
  for (let each = 0; each < 50; each += 1) {
    await submit(store, {
      input: toJsonText(each % 5 === 0 ? `long-secret ${LONG} end-of-long-secret` : "short-secret"),
      idempotency: { key: `key-secret-${each}`, fingerprint: "print" },
    });
    await completeNext(store, 20);
  }
  const webhook = await register(store, { sealed: "sealed-secret" });
  const stored = await readFile(path);
  const wal = await readFile(`${path}-wal`);
  for (const secret of SECRETS) expect(stored.includes(secret) || wal.includes(secret)).toBe(true);

  await store.removeWebhook(webhook.id);
  expect(await store.pruneJobs({ endedBefore: 1000, limit: 1000, after: null })).toMatchObject({
    jobs: 50,
  });
  await store.close();
  // The last connection has moved the WAL into the file and deleted it.
  expect((await readdir(folder)).filter((name) => name.includes("-wal"))).toEqual([]);
  const file = await readFile(path);
  expect(file.includes("stays")).toBe(true);
  return SECRETS.filter((secret) => file.includes(secret));
}

test("what is deleted stays in free pages of the file", async () => {
  expect(await remainsAfterDeletion(false)).toContain("long-secret");
});

test("with secureDelete, nothing of what is deleted stays in the file", async () => {
  expect(await remainsAfterDeletion(true)).toEqual([]);
});
