/** Preloaded into `compact`: kills it at a moment, as KILL_AT says. */
import { syncBuiltinESMExports } from "node:module";
import promises from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";

const killAt = (moment) => {
  if (process.env.KILL_AT === moment) process.kill(process.pid, "SIGKILL");
};

const { rename } = promises;
promises.rename = async (from, to) => {
  killAt("before-rename");
  await rename(from, to);
  killAt("after-rename");
};
syncBuiltinESMExports();

/** Kills this process as soon as the copy has its first bytes, while SQLite writes the others. */
const KILLER = `
  const { workerData } = require("node:worker_threads");
  const { statSync } = require("node:fs");
  Atomics.store(workerData.ready, 0, 1);
  Atomics.notify(workerData.ready, 0);
  while (statSync(workerData.part).size === 0);
  process.kill(process.pid, "SIGKILL");`;

function startKiller(part) {
  const ready = new Int32Array(new SharedArrayBuffer(4));
  const killer = new Worker(KILLER, { eval: true, workerData: { part, ready } });
  killer.unref();
  Atomics.wait(ready, 0, 0);
}

// oxlint-disable-next-line typescript/unbound-method -- it is called with its `this`
const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql);
  if (!sql.startsWith("VACUUM")) return statement;
  return {
    run(part) {
      killAt("before-copy");
      if (process.env.KILL_AT === "while-copying") startKiller(part);
      statement.run(part);
      killAt("after-copy");
    },
  };
};
