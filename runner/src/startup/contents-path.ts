import { join, resolve } from "node:path";
import type { Settings } from "../config.ts";

/** The folder of the contents of files. The folder `files` beside it belongs to the operator. */
export function contentsPath({ dataDir }: Pick<Settings, "dataDir">): string {
  return join(resolve(dataDir), "artifacts");
}
