import type { Settings } from "../config.ts";

/** What no backup of the database contains, a line each. */
export function toRestLines(settings: Settings): string {
  return `  ${toKeyLine(settings)}
  ${toTokenLine(settings)}
  your plugins in ${settings.pluginsDir}, and the folder of the files that jobs name by their path, if you need them`;
}

function toKeyLine({ secretKey, secretKeyFile, dataDir }: Settings): string {
  const where =
    secretKey !== undefined && secretKeyFile === undefined
      ? "PLAYGROUND_SECRET_KEY"
      : `the file ${secretKeyFile ?? `${dataDir}/secret-key`}`;
  return `${where}: the key that encrypts webhook secrets and headers; no daemon can open the backup without it`;
}

function toTokenLine({ token, tokenFile, dataDir }: Settings): string {
  const where =
    token !== undefined && tokenFile === undefined
      ? "PLAYGROUND_TOKEN"
      : `the file ${tokenFile ?? `${dataDir}/token`}`;
  return `${where}, and ${dataDir}/tokens.json if you added tokens: the tokens that clients use`;
}
