/** The real daemon with a store whose faults a test controls (faulty-store-writer.ts). */
import { start } from "../../src/cli/start.ts";
import { parseSettings } from "../../src/config.ts";

process.exitCode = await start(parseSettings(process.argv.slice(2)), {
  storeWriter: new URL("faulty-store-writer.ts", import.meta.url),
});
