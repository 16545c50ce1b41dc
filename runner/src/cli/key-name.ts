import { resolve } from "node:path";
import { toEnvName, type Settings } from "../config.ts";

/** Where the key is, as messages name it. */
export function keyName({ secretKey, secretKeyFile, dataDir }: Settings): string {
  if (secretKeyFile !== undefined) return toEnvName("secretKeyFile");
  return secretKey === undefined ? `${resolve(dataDir)}/secret-key` : toEnvName("secretKey");
}
