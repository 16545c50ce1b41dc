import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { storeConformance } from "./store-conformance.ts";

storeConformance("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "playground-store-"));
  return {
    exclusive: true,
    open: () => createSqliteStore({ path: join(folder, "playground.db") }),
    remove: () => rm(folder, { recursive: true }),
  };
});
