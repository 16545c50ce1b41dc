/** Entry of the writer thread. */
import { parentPort, workerData } from "node:worker_threads";
import type { WriterData } from "./change.ts";
import { openWriter } from "./connection.ts";
import { serveWrites } from "./serve-writes.ts";

if (parentPort === null) throw new Error("writer.ts runs as a worker thread only.");
const { path } = workerData as WriterData;
serveWrites(parentPort, () => openWriter(path));
