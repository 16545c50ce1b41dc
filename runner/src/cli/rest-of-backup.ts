import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../config.ts";
import { NEXT_KEY_FILE } from "../secrets/next-key.ts";

/** What no backup of the database contains, a line each. */
export function toRestLines(settings: Settings, { hasAddedTokens = false } = {}): string {
  return `  ${toKeyLine(settings)}
  ${toTokenLine(settings, hasAddedTokens)}
  your plugins in ${settings.pluginsDir}, and the folder of the files that jobs name by their path, if you need them`;
}

function toKeyLine({ secretKey, secretKeyFile, dataDir }: Settings): string {
  const where =
    secretKey !== undefined && secretKeyFile === undefined
      ? "PLAYGROUND_SECRET_KEY"
      : `the file ${secretKeyFile ?? `${dataDir}/secret-key`}`;
  // Until a daemon starts, either can be the key of the database.
  const next = join(dataDir, NEXT_KEY_FILE);
  const isCutOff = secretKey === undefined && existsSync(next);
  return `${where}${isCutOff ? `, and ${next}, which a rotation has left that was cut off` : ""}: the key that encrypts webhook secrets and headers; without it, no daemon can read them`;
}

function toTokenLine({ token, tokenFile, dataDir }: Settings, hasAddedTokens: boolean): string {
  const where =
    token !== undefined && tokenFile === undefined
      ? "PLAYGROUND_TOKEN"
      : `the file ${tokenFile ?? `${dataDir}/token`}`;
  if (hasAddedTokens) return `${where}: the token of the daemon itself`;
  return `${where}, and ${dataDir}/tokens.json if you added tokens: the tokens that clients use`;
}
