import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DAEMON = fileURLToPath(new URL("../../", import.meta.url));
/** The web console, which is bundled into its own files. */
const CONSOLE = fileURLToPath(new URL("../../console/", import.meta.url));

/** The folders whose dependencies are shipped. */
export const SHIPPED_DIRS: readonly string[] = existsSync(`${CONSOLE}package.json`)
  ? [DAEMON, CONSOLE]
  : [DAEMON];
