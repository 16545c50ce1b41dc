import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { exportDatabase } from "../../src/store/sqlite/transfer/export-database.ts";
import { importDatabase } from "../../src/store/sqlite/transfer/import-database.ts";
import { writeEmptyDatabase } from "../support/empty-database.ts";
import { createSharedWriters } from "../support/shared-writers.ts";
import { readTransfer, writeTransfer } from "../support/transfers.ts";
import { handOverConformance } from "./hand-over.ts";
import { sharedStoreConformance, storeConformance } from "./store-conformance.ts";
import type { CreateSubject, Subject } from "./subject.ts";

function subjects({ exclusive, threads }: { exclusive: boolean; threads: number }): CreateSubject {
  const writer = createSharedWriters(threads);
  async function createAt(fill: (path: string) => Promise<void>): Promise<Subject> {
    const folder = await mkdtemp(join(tmpdir(), "playground-store-"));
    const path = join(folder, "playground.db");
    await fill(path);
    return {
      exclusive,
      open: () => createSqliteStore({ path, exclusive, writer }),
      async move() {
        const transfer = await exportDatabase(path, readTransfer);
        return createAt((to) => importDatabase(to, (target) => writeTransfer(target, transfer)));
      },
      async remove() {
        const { broken } = checkDatabase(path);
        await rm(folder, { recursive: true });
        expect(broken).toEqual([]);
      },
    };
  }
  return () => createAt(writeEmptyDatabase);
}

storeConformance("SQLite", subjects({ exclusive: true, threads: 1 }));
describe("the SQLite store hands over", () =>
  handOverConformance(subjects({ exclusive: true, threads: 1 })));
// The daemon always opens its file exclusively. Here two stores stand for two daemons.
sharedStoreConformance("SQLite, opened twice", subjects({ exclusive: false, threads: 2 }));
