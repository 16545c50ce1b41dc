/** The real writer thread on a disk whose fsync takes 20 ms, as on an SD card. */
import { parentPort, workerData } from "node:worker_threads";
import type { WriterData } from "../../../src/store/sqlite/change.ts";
import { openWriter } from "../../../src/store/sqlite/connection.ts";
import { serveWrites } from "../../../src/store/sqlite/serve-writes.ts";

const FSYNC_MS = 20;

const { path } = workerData as WriterData;
const neverNotified = new Int32Array(new SharedArrayBuffer(4));

serveWrites(parentPort!, () => {
  const db = openWriter(path);
  const exec = db.exec.bind(db);
  db.exec = (sql) => {
    if (sql === "COMMIT") Atomics.wait(neverNotified, 0, 0, FSYNC_MS);
    exec(sql);
  };
  return db;
});
