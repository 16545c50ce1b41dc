import { expect } from "vitest";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { sharedStoreConformance, storeConformance } from "../conformance/store-conformance.ts";
import type { Subject } from "../conformance/subject.ts";
import { createSchema } from "../support/postgres/schema.ts";

async function createSubject(): Promise<Subject> {
  const schema = await createSchema();
  return {
    exclusive: false,
    open: () => createPostgresStore({ url: schema.url, schema: schema.name }),
    async remove() {
      const { broken } = await checkDatabase({ url: schema.url, schema: schema.name });
      await schema.release();
      expect(broken).toEqual([]);
    },
  };
}

storeConformance("PostgreSQL", createSubject, { sequences: 12 });
sharedStoreConformance("PostgreSQL, opened twice", createSubject, { sequences: 8 });
