import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { exportDatabase } from "../../src/store/postgres/transfer/export-database.ts";
import { importDatabase } from "../../src/store/postgres/transfer/import-database.ts";
import { checkDatabase as checkSqlite } from "../../src/store/sqlite/check-database.ts";
import { exportDatabase as exportSqlite } from "../../src/store/sqlite/transfer/export-database.ts";
import { importDatabase as importSqlite } from "../../src/store/sqlite/transfer/import-database.ts";
import { handOverConformance } from "../conformance/hand-over.ts";
import { sharedStoreConformance, storeConformance } from "../conformance/store-conformance.ts";
import type { Subject } from "../conformance/subject.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { readTransfer, writeTransfer, type Transferred } from "../support/transfers.ts";

async function createSubject(): Promise<Subject & { readonly schema: Schema }> {
  const schema = await createSchema();
  return {
    schema,
    exclusive: false,
    open: () => createPostgresStore({ url: schema.url, schema: schema.name }),
    async move() {
      const place = { url: schema.url, schema: schema.name };
      const transfer = await throughSqlite(await exportDatabase(place, readTransfer));
      const moved = await createSubject();
      const to = { url: moved.schema.url, schema: moved.schema.name };
      await importDatabase(to, (target) => writeTransfer(target, transfer));
      return moved;
    },
    async remove() {
      const { broken } = await checkDatabase({ url: schema.url, schema: schema.name });
      await schema.release();
      expect(broken).toEqual([]);
    },
  };
}

/** PostgreSQL to SQLite, and back. */
async function throughSqlite(transfer: Transferred): Promise<Transferred> {
  const folder = await mkdtemp(join(tmpdir(), "playground-store-"));
  try {
    const path = join(folder, "playground.db");
    await importSqlite(path, (target) => writeTransfer(target, transfer));
    expect(checkSqlite(path).broken).toEqual([]);
    return await exportSqlite(path, readTransfer);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("PostgreSQL hands over", () => handOverConformance(createSubject));
storeConformance("PostgreSQL", createSubject, { sequences: 12 });
sharedStoreConformance("PostgreSQL, opened twice", createSubject, { sequences: 8 });
