/** The real daemon with a slow disk (slow-disk-writer.ts). */
import { start } from "../../src/cli/start.ts";

process.exitCode = await start(process.argv.slice(2), {
  storeWriter: new URL("slow-disk-writer.ts", import.meta.url),
});
