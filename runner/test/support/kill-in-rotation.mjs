/** Preloaded into `rotate-key`: kills it at a moment of the rotation, as KILL_AT says. */
import { syncBuiltinESMExports } from "node:module";
import promises from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";

const killAt = (moment) => {
  if (process.env.KILL_AT === moment) process.kill(process.pid, "SIGKILL");
};

const { open, rename } = promises;
promises.open = async (path, ...rest) => {
  const file = await open(path, ...rest);
  if (String(path).endsWith("secret-key.old")) killAt("old-created");
  if (String(path).endsWith("secret-key.next")) killAt("key-created");
  return file;
};
promises.rename = async (from, to) => {
  if (String(from).endsWith("secret-key.next")) killAt("before-rename");
  await rename(from, to);
  killAt("after-rename");
};
syncBuiltinESMExports();

// oxlint-disable-next-line typescript/unbound-method -- it is called with its `this`
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql) {
  if (sql === "COMMIT") killAt("before-commit");
  exec.call(this, sql);
  if (sql === "COMMIT") killAt("after-commit");
};
