/**
 * Creates a database with the newest schema, for the tests of migrations. Run it once after adding a
 * migration. Existing fixtures were created by the code of their time and are never replaced.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import { readMigrations } from "../src/store/sqlite/migrate.ts";
import { createSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { fillStore } from "../test/support/filled-store.ts";
import { schemaFixture } from "../test/support/schema-fixtures.ts";

const target = schemaFixture(readMigrations().length);
const folder = await mkdtemp(join(tmpdir(), "schema-fixture-"));
try {
  const path = join(folder, "playground.db");
  const store = await createSqliteStore({ path });
  await fillStore(store);
  await store.close();
  // Not a backup, which has no sessions.
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = DELETE");
  database.close();
  const packed = gzipSync(await readFile(path), { level: 9 });
  await writeFile(target, packed, { flag: "wx" });
  process.stdout.write(`Created ${target.pathname}, ${packed.length} bytes.\n`);
} finally {
  await rm(folder, { recursive: true });
}
