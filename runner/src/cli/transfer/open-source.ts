import { resolve } from "node:path";
import type { Settings } from "../../config.ts";
import { readTokens, tokenFilePath } from "../../secrets/token-file.ts";
import type { TransferSource } from "../../store/shared/transfer/database-transfer.ts";
import type { Row } from "../../store/shared/transfer/tables.ts";
import { exportDatabase } from "../../store/sqlite/transfer/export-database.ts";
import { requireDatabase } from "../require-file.ts";

/** Reads the database of the settings. That of a data folder has its tokens in a file beside it. */
export async function withSource<T>(
  settings: Settings,
  work: (source: TransferSource) => Promise<T>,
): Promise<T> {
  const { databaseUrl: url } = settings;
  if (url !== undefined) {
    const postgres = await import("../../store/postgres/transfer/export-database.ts");
    return postgres.exportDatabase({ url, schema: null }, work);
  }
  const tokens = readTokens(tokenFilePath(resolve(settings.dataDir)));
  const rows = tokens.map(({ name, scope, sha256, createdAt }): Row => {
    return [name, scope, sha256, createdAt];
  });
  return exportDatabase(requireDatabase(settings), (source) =>
    work({ ...source, rows: (table) => (table === "tokens" ? rows : source.rows(table)) }),
  );
}
