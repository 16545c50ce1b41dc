import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { createSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { writeEmptyDatabase } from "../support/empty-database.ts";
import { createSharedWriters } from "../support/shared-writers.ts";
import { handOverConformance } from "./hand-over.ts";
import { sharedStoreConformance, storeConformance } from "./store-conformance.ts";
import type { CreateSubject, Subject } from "./subject.ts";

function subjects({ exclusive, threads }: { exclusive: boolean; threads: number }): CreateSubject {
  const writer = createSharedWriters(threads);
  return async (): Promise<Subject> => {
    const folder = await mkdtemp(join(tmpdir(), "playground-store-"));
    const path = join(folder, "playground.db");
    await writeEmptyDatabase(path);
    return {
      exclusive,
      open: () => createSqliteStore({ path, exclusive, writer }),
      async remove() {
        const { broken } = checkDatabase(path);
        await rm(folder, { recursive: true });
        expect(broken).toEqual([]);
      },
    };
  };
}

storeConformance("SQLite", subjects({ exclusive: true, threads: 1 }));
describe("the SQLite store hands over", () =>
  handOverConformance(subjects({ exclusive: true, threads: 1 })));
// The daemon always opens its file exclusively. Here two stores stand for two daemons.
sharedStoreConformance("SQLite, opened twice", subjects({ exclusive: false, threads: 2 }));
