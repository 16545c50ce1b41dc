import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Settings } from "../../config.ts";
import type { StoredToken } from "../../ports/store/tokens.ts";
import { AddedToken, changeTokens, tokenFilePath } from "../../secrets/token-file.ts";
import { cannotUseDataDir } from "../../startup/cannot-start.ts";
import { databasePath } from "../../startup/database-path.ts";
import type { TransferTarget } from "../../store/shared/transfer/database-transfer.ts";
import type { Row } from "../../store/shared/transfer/tables.ts";
import { importDatabase } from "../../store/sqlite/transfer/import-database.ts";
import { CommandFailed } from "../command-failed.ts";

const OWNER_ONLY = 0o700;

/** Fills the database of the settings. That of a data folder gets its tokens in a file beside it. */
export async function withTarget<T>(
  settings: Settings,
  work: (target: TransferTarget) => Promise<T>,
): Promise<T> {
  const { databaseUrl: url } = settings;
  const dataDir = resolve(settings.dataDir);
  await mkdir(dataDir, { recursive: true, mode: OWNER_ONLY }).catch((error: unknown) => {
    throw cannotUseDataDir(error, settings);
  });
  if (url !== undefined) {
    const postgres = await import("../../store/postgres/transfer/import-database.ts");
    return postgres.importDatabase({ url, schema: null }, work);
  }
  const tokens: StoredToken[] = [];
  return importDatabase(databasePath(settings), async (target) => {
    const result = await work({
      ...target,
      async insert(into, rows) {
        if (into.table === "tokens") tokens.push(...rows.map((row) => toToken(into.columns, row)));
        else await target.insert(into, rows);
      },
    });
    // Before the database has its name, so that none is without its tokens.
    await addTokens(tokenFilePath(dataDir), tokens);
    return result;
  });
}

function toToken(columns: readonly string[], row: Row): StoredToken {
  const cells = Object.fromEntries(columns.map((name, index) => [name, row[index]]));
  return AddedToken.parse({ ...cells, createdAt: cells["created_at"] });
}

/** Those of an import that was killed can be there already. */
async function addTokens(path: string, tokens: readonly StoredToken[]): Promise<void> {
  if (tokens.length === 0) return;
  await changeTokens(path, (known) => {
    const others = known.filter(({ sha256 }) => !tokens.some((token) => token.sha256 === sha256));
    const taken = others.find(({ name }) => tokens.some((token) => token.name === name));
    if (taken === undefined) return [...others, ...tokens];
    throw new CommandFailed(
      1,
      `${path} has another token with the name "${taken.name}". Nothing was imported. Remove it with \`tokens remove\`, or choose another data folder.`,
    );
  });
}
