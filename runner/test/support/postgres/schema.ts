import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

/** A schema in the run's PostgreSQL, without rows. */
export interface Schema {
  readonly url: string;
  readonly name: string;
  /** Runs a statement in the schema. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Removes its rows. The next test can get the schema, so that its tables are made once. */
  release(): Promise<void>;
}

const released: Schema[] = [];

export async function createSchema(): Promise<Schema> {
  return released.pop() ?? newSchema(inject("postgresUrl"));
}

async function newSchema(url: string): Promise<Schema> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  await client.query(
    `SET client_min_messages = warning; CREATE SCHEMA ${name}; SET search_path = ${name}`,
  );
  const schema: Schema = {
    url,
    name,
    query: async (sql, values) => (await client.query(sql, values)).rows,
    async release() {
      const tables = await schema.query<{ name: string }>(
        `SELECT tablename AS name FROM pg_tables
         WHERE schemaname = current_schema() AND tablename <> 'playground_schema'`,
      );
      // Quicker than TRUNCATE, which makes new files.
      await schema.query(tables.map((table) => `DELETE FROM ${table.name};`).join(" "));
      released.push(schema);
    },
  };
  return schema;
}
