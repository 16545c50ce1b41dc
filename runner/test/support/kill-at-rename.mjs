/** Preloaded into a daemon: kills it before or after a file of an upload gets its name, as KILL_AT says. */
import { syncBuiltinESMExports } from "node:module";
import promises from "node:fs/promises";

const { rename } = promises;

promises.rename = async (from, to) => {
  const isContent = String(from).endsWith(".part") && !String(to).endsWith(".db");
  if (isContent && process.env.KILL_AT === "before-rename") process.kill(process.pid, "SIGKILL");
  await rename(from, to);
  if (isContent && process.env.KILL_AT === "after-rename") process.kill(process.pid, "SIGKILL");
};
syncBuiltinESMExports();
