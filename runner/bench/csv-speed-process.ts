/** Profiles the CSV that the second argument names: with the plugin, or with the DuckDB module. */
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import plugin from "../src/plugins/csv-profile/index.ts";
import { runPlugin } from "../test/support/plugin-context.ts";

interface DuckDb {
  readonly DuckDBInstance: {
    create(
      path: string,
      config: object,
    ): Promise<{ connect(): Promise<{ runAndReadAll(sql: string): Promise<unknown> }> }>;
  };
}

const [reader = "", path = ""] = process.argv.slice(2);
if (reader === "plugin") {
  await runPlugin(plugin, { input: { file: basename(path) }, filesRoot: dirname(path) });
} else {
  const { DuckDBInstance } = (await import(pathToFileURL(reader).href)) as DuckDb;
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", memory_limit: "200MB" });
  const connection = await instance.connect();
  await connection.runAndReadAll(`SET allowed_paths = ['${path}']`);
  await connection.runAndReadAll("SET enable_external_access = false");
  await connection.runAndReadAll(`SUMMARIZE SELECT * FROM read_csv('${path}')`);
}
