import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";

let empty: Promise<Buffer> | null = null;

/** Writes a database of the newest schema, without jobs. Applying the migrations takes longer than most tests. */
export async function writeEmptyDatabase(path: string): Promise<void> {
  empty ??= makeEmptyDatabase();
  await writeFile(path, await empty, { mode: 0o600 });
}

async function makeEmptyDatabase(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "playground-empty-"));
  try {
    const path = join(folder, "playground.db");
    await (await createSqliteStore({ path })).close();
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}
