/** The writer thread's entry. */
import { parentPort, workerData } from "node:worker_threads";
import type { WriterData } from "./change.ts";
import { openWriter } from "./connection.ts";
import { serveWrites } from "./serve-writes.ts";

if (parentPort === null) throw new Error("writer.ts runs only as a worker thread.");
const { path, secureDelete, exclusive } = workerData as WriterData;
serveWrites(parentPort, () => openWriter(path, { secureDelete }), { exclusive });
